"""The yardstick: four sequence encoders in one harness, compared by recall@10 on validation events.

    python encoders.py --events events.tsv.gz [--encoders gated,gru] [--seeds 1,2] [--epochs 10] [--seconds S]

All have the same item tower and start, loss, batches, dropout, schedule and feed-forward part; only how a block
remembers differs, and each begins as nearly a decayed mean of the shopper's items as its form allows. Training is on
the events before t_val, the queries lie in [t_val, t_test): the times of the events at 80% and 90% of the rows. Prints
a JSON line per epoch.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fitting import Epoch, Fit, Settings
from histories import Histories
from shop import Features, Log
from start import start
from tower import Block, Towers
from validation import Validation


class Padded:
    """Where the positions of packed sequences lie in a padded rectangle [sequences, longest]."""

    def __init__(self, offsets: Tensor):
        self.row, self.column = (offsets == 0).cumsum(0) - 1, offsets
        self.sequences, self.longest = int(self.row[-1]) + 1, int(offsets.max()) + 1
        self.lengths = torch.bincount(self.row)

    def pad(self, x: Tensor) -> Tensor:
        return x.new_zeros(self.sequences, self.longest, x.shape[1]).index_put((self.row, self.column), x)

    def pack(self, x: Tensor) -> Tensor:
        return x[self.row, self.column]


class GRU(Block):
    """Cho et al. 2014: gates that see the state, so a step cannot be taken apart in time."""

    def __init__(self, dimension: int, hidden: int):
        super().__init__(dimension, hidden)
        del self.gates
        self.cell = nn.GRU(dimension, dimension, batch_first=True)

    def recur(self, z: Tensor, offsets: Tensor) -> Tensor:
        place = Padded(offsets)
        packed = nn.utils.rnn.pack_padded_sequence(
            place.pad(z), place.lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states = nn.utils.rnn.pad_packed_sequence(self.cell(packed)[0], batch_first=True)[0]
        return self.mix(place.pack(states))

    @torch.no_grad()
    def begin(self) -> None:
        """Rows of the cell's weights: reset gate, update gate (keeps the old state), candidate."""
        d = len(self.gate_norm)
        for weight in (self.cell.weight_ih_l0, self.cell.weight_hh_l0):
            nn.init.normal_(weight, 0, 0.02)
        for bias in (self.cell.bias_ih_l0, self.cell.bias_hh_l0):
            nn.init.zeros_(bias)
        self.cell.weight_ih_l0[2 * d :] += 0.5 * torch.eye(d)  # tanh is nearly linear to half of 1
        self.cell.bias_ih_l0[d : 2 * d] = torch.linspace(-1, 3, d)


class LRU(Block):
    """A linear recurrent unit (Orvieto et al. 2023), in real arithmetic: h' = λ h + γ B z; the d complex λ have the
    modulus exp(-exp(ν)) and the phase exp(θ), and γ = sqrt(1 - |λ|²); C h goes through a silu gate, as ours does."""

    def __init__(self, dimension: int, hidden: int):
        super().__init__(dimension, hidden)
        del self.gates
        self.nu, self.theta = nn.Parameter(torch.zeros(dimension)), nn.Parameter(torch.zeros(dimension))
        self.into = nn.Linear(dimension, 2 * dimension, bias=False)
        self.out = nn.Linear(2 * dimension, dimension, bias=False)
        self.gate = nn.Linear(dimension, dimension)

    def recur(self, z: Tensor, offsets: Tensor) -> Tensor:
        modulus, phase = torch.exp(-torch.exp(self.nu)), torch.exp(self.theta)
        real, imaginary = (self.into(z) * torch.sqrt(1 - modulus.square()).repeat(2)).chunk(2, -1)
        # By doubling, as `scan`: λ is the same at all positions, so its powers are all that is multiplied.
        reach, longest = 1, int(offsets.max()) + 1
        while reach < longest:
            inside = (offsets[reach:] >= reach)[:, None]
            a, b = modulus**reach * torch.cos(phase * reach), modulus**reach * torch.sin(phase * reach)
            before = real[:-reach] * inside, imaginary[:-reach] * inside
            real, imaginary = (
                torch.cat([real[:reach], real[reach:] + a * before[0] - b * before[1]]),
                torch.cat([imaginary[:reach], imaginary[reach:] + a * before[1] + b * before[0]]),
            )
            reach *= 2
        states = self.out(torch.cat([real, imaginary], -1))
        return self.mix(nn.functional.silu(self.gate(z)) * states)

    @torch.no_grad()
    def begin(self) -> None:
        d = len(self.gate_norm)
        modulus = torch.sigmoid(torch.linspace(-1, 3, d))
        self.nu.copy_(torch.log(-torch.log(modulus)))
        self.theta.fill_(math.log(0.01))
        for linear in (self.into, self.out, self.gate):
            nn.init.normal_(linear.weight, 0, 0.02)
        self.into.weight[:d] += torch.eye(d)
        # γ keeps the variance, not the mean: the output takes it to (1 - λ) / (1 - λ) = 1 as our candidates have it.
        self.out.weight[:, :d] += torch.diag((1 - modulus) / torch.sqrt(1 - modulus.square()))
        self.gate.bias.fill_(1.2785)


class Attention(Block):
    """Causal self-attention of two heads over all that came before, with a learned decay over distance: its cost per
    event grows with the history."""

    HEADS = 2

    def __init__(self, dimension: int, hidden: int):
        super().__init__(dimension, hidden)
        self.decay = nn.Parameter(torch.zeros(self.HEADS))

    def recur(self, z: Tensor, offsets: Tensor) -> Tensor:
        place, d = Padded(offsets), z.shape[1]
        query, key, value = (
            place.pad(part).unflatten(2, (self.HEADS, d // self.HEADS)).transpose(1, 2)
            for part in self.gates(z).chunk(3, -1)
        )
        position = torch.arange(place.longest, device=z.device)
        distance = position[:, None] - position[None]
        scores = query @ key.transpose(2, 3) / (d // self.HEADS) ** 0.5
        scores = scores - nn.functional.softplus(self.decay)[:, None, None] * distance
        mixed = scores.masked_fill(distance < 0, float("-inf")).softmax(-1) @ value
        return self.mix(place.pack(mixed.transpose(1, 2).flatten(2)))

    @torch.no_grad()
    def begin(self) -> None:
        d = len(self.gate_norm)
        nn.init.normal_(self.gates.weight, 0, 0.02)
        nn.init.zeros_(self.gates.bias)
        self.gates.weight[2 * d :] += torch.eye(d)
        # One head forgets within events, the other within tens of them.
        self.decay.copy_(torch.log(torch.expm1(torch.tensor([1.0, 0.05]))))


ENCODERS: dict[str, type[Block]] = {"gated": Block, "gru": GRU, "lru": LRU, "attention": Attention}


def quantile_time(log: Log, share: float) -> int:
    """The time of the event at that share of the rows, in order of time."""
    return int(np.sort(log.time)[min(len(log.time) - 1, int(len(log.time) * share))])


def compare(path: Path, encoder: str, settings: Settings, shape: dict, seconds: float | None) -> list[Epoch]:
    """Trains one encoder before t_val and measures it after each epoch."""
    log = Log.read(path)
    t_val, t_test = quantile_time(log, 0.8), quantile_time(log, 0.9)
    shape = {**shape, "items": len(log.items), "tokens": 0, "attributes": 0, "vectors": []}
    torch.manual_seed(settings.seed)
    model, histories = Towers(shape, settings.dropout, ENCODERS[encoder]), Histories(log.before(t_val))
    features = Features.of({}, log.items, [], {}, [])
    start(model, histories, features)

    def report(epoch: Epoch) -> None:
        line = {"file": path.parent.name, "encoder": encoder, "seed": settings.seed, **vars(epoch)}
        line["processor_seconds"] = time.process_time()  # of the whole process, reading and measuring included
        print(json.dumps(line), flush=True)

    # Attention reads what it was trained to read; the cost of more would grow with its square.
    longest = settings.sequence_length if encoder == "attention" else 2000
    validation = Validation(Histories(log), t_val, t_test, longest)
    return Fit(model, histories, features, settings).run(validation, report, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=Path, required=True, nargs="+")
    parser.add_argument("--encoders", default=",".join(ENCODERS))
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seconds", type=float, help="begin no epoch after so many seconds of training")
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=1)
    arguments = parser.parse_args()
    shape = {"dimension": arguments.dimension, "blocks": arguments.blocks, "hidden": 2 * arguments.dimension}
    for path in arguments.events:
        for encoder in arguments.encoders.split(","):
            for seed in map(int, arguments.seeds.split(",")):
                settings = Settings(epochs=arguments.epochs, dropout=arguments.dropout, anneal=True, seed=seed)
                compare(path, encoder, settings, shape, arguments.seconds)


if __name__ == "__main__":
    main()
