"""SASRec (Kang, McAuley 2018) to compare training times with: wall time and validation recall@10 after each epoch.

    python sasrec.py --events events.tsv.gz [--seconds S] [--curve FILE]

Two pre-norm blocks of causal self-attention, d = 64, two heads, learned positions, dropout, item embeddings shared
between input and output, Adam. Where published settings differ it takes what trains fastest to a good recall: full
softmax cross-entropy over all trained items in place of one sampled negative (Klenitskiy, Vasilev 2023), with targets
on items new to the shopper alone, for these alone are asked for; histories cut to `--length` events; batches of
sequences of like length (sorted within pools of 32 batches), padded to the longest of the batch, so that padding is
small (it is printed); logits only where there is a target.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders import Padded, quantile_time
from fitting import Epoch
from histories import Batches, Histories, NextItems, Pack
from shop import Log
from tower import LOSS_ROWS
from validation import Validation


@dataclasses.dataclass
class Settings:
    """What shapes a run."""

    dimension: int = 64
    blocks: int = 2
    heads: int = 2
    length: int = 50
    """Events that a sequence holds at most."""
    batch: int = 128
    """Sequences of a batch."""
    dropout: float = 0.2
    learning_rate: float = 0.001
    epochs: int = 100
    patience: int = 5
    """Epochs without a better recall after which training stops."""
    seed: int = 1


class Layer(nn.Module):
    """Pre-norm attention and feed-forward part on x [sequences, longest, d]."""

    def __init__(self, settings: Settings):
        super().__init__()
        d = settings.dimension
        self.heads, self.dropout = settings.heads, settings.dropout
        self.first, self.second = nn.LayerNorm(d), nn.LayerNorm(d)
        self.into, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, d), nn.Linear(d, d)

    def forward(self, x: Tensor) -> Tensor:
        d, longest = x.shape[2], x.shape[1]
        query, key, value = (
            part.unflatten(2, (self.heads, d // self.heads)).transpose(1, 2)
            for part in self.into(self.first(x)).chunk(3, -1)
        )
        scores = query @ key.transpose(2, 3) / (d // self.heads) ** 0.5
        # Padding stands behind a sequence, so that causality alone hides it.
        hidden = torch.ones(longest, longest, dtype=torch.bool, device=x.device).triu(1)
        weights = functional.dropout(scores.masked_fill(hidden, float("-inf")).softmax(-1), self.dropout, self.training)
        x = x + functional.dropout(self.out((weights @ value).transpose(1, 2).flatten(2)), self.dropout, self.training)
        return x + functional.dropout(self.down(functional.relu(self.up(self.second(x)))), self.dropout, self.training)


class SASRec(nn.Module):
    """Item rows are those of the log; the last row of the embedding stands for none."""

    def __init__(self, items: int, settings: Settings):
        super().__init__()
        self.settings = settings
        self.items = nn.Embedding(items + 1, settings.dimension)
        self.positions = nn.Embedding(settings.length, settings.dimension)
        self.layers = nn.ModuleList(Layer(settings) for _ in range(settings.blocks))
        self.norm = nn.LayerNorm(settings.dimension)
        for embedding in (self.items, self.positions):
            nn.init.xavier_normal_(embedding.weight)

    def forward(self, items: Tensor, offsets: Tensor) -> Tensor:
        """[n, d] of packed sequences."""
        place = Padded(offsets)
        x = self.items(items) * self.settings.dimension**0.5 + self.positions(offsets)
        x = functional.dropout(place.pad(x), self.settings.dropout, self.training)
        for layer in self.layers:
            x = layer(x)
        return self.norm(place.pack(x))


class LengthBuckets(Batches):
    """Sequences of like length together: sorted within pools of 32 batches, whose batches are then shuffled."""

    def __init__(self, histories: Histories, settings: Settings, random: np.random.Generator):
        super().__init__(histories, NextItems(histories), settings.length, 1, random)
        lengths = self.segments[:, 1] - self.segments[:, 0]
        pools = [
            np.arange(first, min(first + 32 * settings.batch, len(lengths)))
            for first in range(0, len(lengths), 32 * settings.batch)
        ]
        order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
        batches = [order[first : first + settings.batch] for first in range(0, len(order), settings.batch)]
        batches = [batches[row] for row in random.permutation(len(batches))]
        self.segments = self.segments[np.concatenate(batches)]
        self.ends = np.concatenate([[0], np.cumsum([len(batch) for batch in batches])])
        #: Share of the padded rectangles that is padding.
        self.padding = 1 - lengths.sum() / sum(lengths[batch].max() * len(batch) for batch in batches)


class Training:
    """SASRec on the events before `start`, measured on the queries in [start, end)."""

    def __init__(self, log: Log, start: int, end: int | None, settings: Settings):
        torch.manual_seed(settings.seed)
        self.settings, self.items = settings, len(log.items)
        self.histories = Histories(log.before(start))
        self.validation = Validation(Histories(log), start, end, settings.length)
        self.trained = np.unique(self.histories.items)
        self.row_of = np.full(self.items + 1, -1)
        self.row_of[self.trained] = np.arange(len(self.trained))
        self.model = SASRec(self.items, settings)
        self.optimizer = torch.optim.Adam(self.model.parameters(), settings.learning_rate, betas=(0.9, 0.98))

    def epoch(self, index: int) -> tuple[float, float]:
        """The mean loss, and the share of padding."""
        batches = LengthBuckets(self.histories, self.settings, np.random.default_rng([self.settings.seed, index]))
        self.model.train()
        losses = []
        for number in range(len(batches)):
            (pack,) = batches.shards(number, 1)
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(pack)
            loss.backward()
            self.optimizer.step()
            losses.append(float(loss.detach()))
        return float(np.mean(losses)), float(batches.padding)

    def loss(self, pack: Pack) -> Tensor:
        """Mean cross-entropy over all trained items."""
        outputs = self.model(torch.from_numpy(pack.items % (self.items + 1)), torch.from_numpy(pack.offsets))
        users = outputs[torch.from_numpy(pack.target_positions)]
        targets = torch.from_numpy(self.row_of[pack.targets])
        vectors = self.model.items.weight[torch.from_numpy(self.trained)]
        parts = zip(users.split(LOSS_ROWS), targets.split(LOSS_ROWS))
        return sum(functional.cross_entropy(user @ vectors.T, target, reduction="sum") for user, target in parts) / len(
            targets
        )

    def score(self, pack: Pack, positions: np.ndarray) -> Tensor:
        """The scorer of validation; an item that training has not seen is not there."""
        items = np.where(self.row_of[pack.items] >= 0, pack.items, self.items)
        offsets = np.minimum(pack.offsets, self.settings.length - 1)
        outputs = self.model(torch.from_numpy(items), torch.from_numpy(offsets))
        scores = torch.full((len(positions), self.items), float("-inf"))
        vectors = self.model.items.weight[torch.from_numpy(self.trained)]
        scores[:, torch.from_numpy(self.trained)] = outputs[torch.from_numpy(positions)] @ vectors.T
        return scores

    def run(self, seconds: float | None = None) -> list[Epoch]:
        """Trains until recall rises no more, or for `seconds`; the seconds of the curve are those of training."""
        curve: list[Epoch] = []
        spent, best = 0.0, 0
        for index in range(self.settings.epochs):
            began = time.monotonic()
            loss, padding = self.epoch(index)
            spent += time.monotonic() - began
            self.model.eval()
            curve.append(Epoch(index + 1, spent, loss, self.validation.recall(self.score)))
            best = max(range(len(curve)), key=lambda row: curve[row].recall)
            print(json.dumps({"method": "sasrec", "padding": round(padding, 3), **vars(curve[-1])}), flush=True)
            if index - best >= self.settings.patience or (seconds is not None and spent >= seconds):
                break
        return curve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--seconds", type=float, help="begin no epoch after so many seconds of training")
    parser.add_argument("--curve", type=Path, help="file for the curve, as JSON")
    for field in dataclasses.fields(Settings):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    options = parser.parse_args()
    settings = Settings(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Settings)})
    log = Log.read(options.events)
    curve = Training(log, quantile_time(log, 0.8), quantile_time(log, 0.9), settings).run(options.seconds)
    if options.curve:
        options.curve.write_text(json.dumps([vars(epoch) for epoch in curve], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
