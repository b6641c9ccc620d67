"""The two towers in PyTorch: the same function as Sources/TwoTower, with parameters of the same names and shapes.

Sequences lie packed one after the other without padding, as in Swift: all matrix products run over all positions
[n, d] at once, and only the recurrence knows where a sequence begins.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

#: Rows of the embeddings of actions, of the time since the previous event, and of whether it begins a visit.
ACTIONS, GAPS, VISITS = 4, 28, 2
#: The parts of a catalogue record whose tokens are averaged apart: title, description, category, brand, price.
FIELDS = 5
#: Keeps the norm of a zero vector finite.
EPSILON = 1e-6

#: Rows of the softmax that are computed together.
LOSS_ROWS = 128

#: What is done to a residual branch: dropout, or nothing, or recorded factors in a test.
Drop = Callable[[Tensor], Tensor]


@dataclasses.dataclass
class Batch:
    """Sequences packed one after the other, in terms of a list of items that take part."""

    items: Tensor
    """[n]: row among the items that take part, -1 for the unknown item."""
    actions: Tensor
    gaps: Tensor
    visits: Tensor
    attributes: Tensor
    """Rows of the users' attributes at all positions, one position after the other, and [n] where each begins."""
    attribute_starts: Tensor
    offsets: Tensor
    """[n]: position within the sequence, 0 where one begins."""
    target_positions: Tensor
    """[t]: the positions that have a target, and [t] the rows of the targets."""
    targets: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(getattr(self, field.name).to(device) for field in dataclasses.fields(self)))


@dataclasses.dataclass
class Candidates:
    """The items that take part in a step."""

    rows: Tensor
    """[m]: rows of the vocabulary, ascending."""
    known: Tensor
    """[m]: whether the ID embedding takes part."""
    bag_starts: Tensor
    """[m]: where each item's tokens begin in the three that follow."""
    tokens: Tensor
    """Token rows, their fields, and 1 / the number of the item's tokens."""
    token_fields: Tensor
    token_shares: Tensor
    vectors: list[tuple[Tensor, Tensor]]
    """Per supplied column: the places [k] among the m of the items that have a vector, and these [k, width]."""
    log_chances: Tensor | None = None
    """[m]: log of the chance to be sampled, infinity for targets alone; None where all items take part."""

    def to(self, device: torch.device) -> Candidates:
        def moved(value):
            if isinstance(value, list):
                return [(places.to(device), values.to(device)) for places, values in value]
            return value if value is None else value.to(device)

        return Candidates(*(moved(getattr(self, field.name)) for field in dataclasses.fields(self)))


def rms(x: Tensor, gain: Tensor) -> Tensor:
    """x [n, d] over the root of its mean square, times gain [d]."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * gain


def unit(x: Tensor) -> Tensor:
    """x [n, d] over its length; zeros, with zero gradient, where it has none."""
    length = x.norm(dim=-1, keepdim=True)
    return torch.where(length > 0, x / torch.where(length > 0, length, torch.ones_like(length)), torch.zeros_like(x))


def scan(keep: Tensor, value: Tensor, offsets: Tensor) -> Tensor:
    """h[p] = keep[p] ⊙ h[p - 1] + value[p], from zero where offsets[p] is 0; all [n, d].

    By doubling: after pass k every h[p] has taken in the 2^k positions before it, so a sequence of T events takes log2
    T passes in place of T steps. A factor of zero at each beginning keeps sequences apart.
    """
    keep = keep.masked_fill((offsets == 0)[:, None], 0.0)
    reach, longest = 1, int(offsets.max()) + 1 if len(offsets) > 0 else 0
    while reach < longest:
        value = torch.cat([value[:reach], value[reach:] + keep[reach:] * value[:-reach]])
        keep = torch.cat([keep[:reach], keep[reach:] * keep[:-reach]])
        reach *= 2
    return value


class Block(nn.Module):
    """A gated linear recurrence and a feed-forward part, each on the residual stream x [n, d]."""

    def __init__(self, dimension: int, hidden: int):
        super().__init__()
        self.gate_norm = nn.Parameter(torch.ones(dimension))
        self.gates = nn.Linear(dimension, 3 * dimension)
        self.mix = nn.Linear(dimension, dimension, bias=False)
        self.feed_norm = nn.Parameter(torch.ones(dimension))
        self.feed_up = nn.Linear(dimension, hidden)
        self.feed_down = nn.Linear(hidden, dimension)

    def recur(self, z: Tensor, offsets: Tensor) -> Tensor:
        """What the normalised stream z [n, d] becomes by way of memory; the only part that differs between encoders."""
        forget, candidate, output = self.gates(z).chunk(3, -1)
        forget = forget.sigmoid()
        return self.mix(functional.silu(output) * scan(forget, (1 - forget) * candidate, offsets))

    @torch.no_grad()
    def begin(self) -> None:
        """Makes `recur` nearly a decayed mean: candidate = input, forget gates from short to long memory, output 1."""
        d = len(self.gate_norm)
        nn.init.normal_(self.gates.weight, 0, 0.02)
        self.gates.weight[d : 2 * d] += torch.eye(d)
        nn.init.zeros_(self.gates.bias)
        self.gates.bias[:d] = torch.linspace(-1, 3, d)  # σ from 0.27 to 0.95
        self.gates.bias[2 * d :] = 1.2785  # silu(1.2785) = 1

    def forward(self, x: Tensor, offsets: Tensor, drop: Drop) -> Tensor:
        x = x + drop(self.recur(rms(x, self.gate_norm), offsets))
        return x + drop(self.feed_down(functional.silu(self.feed_up(rms(x, self.feed_norm)))))


class Towers(nn.Module):
    """Both towers and the loss; `named()` gives the names of `model.safetensors`."""

    def __init__(self, shape: dict, dropout: float = 0.0, block: type[nn.Module] = Block):
        super().__init__()
        self.columns = [column["name"] for column in shape["vectors"]]
        d, hidden = shape["dimension"], shape["hidden"]

        def zeros(*sizes: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(*sizes))

        self.items = nn.ParameterDict({"embedding": zeros(shape["items"], d), "unknown": zeros(d)})
        self.tokens = nn.ParameterDict({"embedding": zeros(shape["tokens"], d)})
        self.fields = nn.ParameterDict({"gain": zeros(FIELDS)})
        self.vectors = nn.ParameterList(zeros(d, column["width"]) for column in shape["vectors"])
        self.actions = nn.ParameterDict({"embedding": zeros(ACTIONS, d)})
        self.gaps = nn.ParameterDict({"embedding": zeros(GAPS, d)})
        self.visits = nn.ParameterDict({"embedding": zeros(VISITS, d)})
        self.attributes = nn.ParameterDict({"embedding": zeros(shape["attributes"], d)})
        self.blocks = nn.ModuleList(block(d, hidden) for _ in range(shape["blocks"]))
        self.log_scale = zeros(1)
        self.dropout = dropout
        # What no batch can reach has no gradient that processes could wait for.
        for parameter, count in (
            (self.tokens["embedding"], shape["tokens"]),
            (self.fields["gain"], shape["tokens"]),
            (self.attributes["embedding"], shape["attributes"]),
        ):
            parameter.requires_grad_(count > 0)

    def named(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Every parameter by its name in a checkpoint. (Columns may have names that PyTorch refuses.)"""
        for name, parameter in self.named_parameters():
            kind, _, rest = name.partition(".")
            yield f"vectors.{self.columns[int(rest)]}" if kind == "vectors" else name, parameter

    @torch.no_grad()
    def load(self, tensors: dict[str, np.ndarray]) -> None:
        """Takes the values of a checkpoint's tensors."""
        for name, parameter in self.named():
            if name not in tensors or tensors[name].shape != tuple(parameter.shape):
                found = tensors[name].shape if name in tensors else "none"
                raise ValueError(f"tensor {name}: expected shape {tuple(parameter.shape)}, found {found}")
            parameter.copy_(torch.from_numpy(tensors[name]))

    def values(self) -> dict[str, np.ndarray]:
        """The tensors for a checkpoint."""
        return {name: parameter.detach().cpu().numpy() for name, parameter in self.named()}

    def drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)

    def item_vectors(self, candidates: Candidates) -> Tensor:
        """[m, d]: an item's ID embedding, if it has one, the mean of its tokens times their fields' gains, and
        the projections of its supplied vectors, brought to unit length."""
        total = self.items["embedding"][candidates.rows] * candidates.known[:, None]
        if self.tokens["embedding"].requires_grad:
            total = total + functional.embedding_bag(
                candidates.tokens,
                self.tokens["embedding"],
                candidates.bag_starts,
                mode="sum",
                per_sample_weights=self.fields["gain"][candidates.token_fields] * candidates.token_shares,
            )
        for projection, (places, values) in zip(self.vectors, candidates.vectors):
            total = total.index_add(0, places, values @ projection.T)
        return unit(total)

    def user_vectors(self, batch: Batch, vectors: Tensor, drop: Drop | None = None) -> Tensor:
        """[n, d]: the top of the residual stream after every event, not normalised."""
        drop = drop or self.drop
        table = torch.cat([vectors, self.items["unknown"][None]])  # row -1 is the unknown item
        x = table[batch.items] * vectors.shape[1] ** 0.5 + self.actions["embedding"][batch.actions]
        x = x + self.gaps["embedding"][batch.gaps] + self.visits["embedding"][batch.visits]
        if self.attributes["embedding"].requires_grad:
            x = x + functional.embedding_bag(
                batch.attributes, self.attributes["embedding"], batch.attribute_starts, mode="mean"
            )
        x = drop(x)
        for block in self.blocks:
            x = block(x, batch.offsets, drop)
        return x

    def logits(self, users: Tensor, vectors: Tensor) -> Tensor:
        """[t, m]: cosines times the learned factor."""
        return unit(users) * self.log_scale.exp() @ vectors.T

    def forward(self, batch: Batch, candidates: Candidates, share: float, drop: Drop | None = None) -> Tensor:
        """`share` times the sum of the cross-entropies. (`forward`, so that DistributedDataParallel sees it.)"""
        vectors = self.item_vectors(candidates)
        users = self.user_vectors(batch, vectors, drop)[batch.target_positions]
        # Some rows at a time: blocks of logits that the C library keeps are twice as fast as one that it maps anew
        # each step.
        blocks = zip(users.split(LOSS_ROWS), batch.targets.split(LOSS_ROWS))
        return share * sum(self.loss(part, targets, vectors, candidates.log_chances) for part, targets in blocks)

    def loss(self, users: Tensor, targets: Tensor, vectors: Tensor, log_chances: Tensor | None) -> Tensor:
        """The sum of the cross-entropies of some targets."""
        logits = self.logits(users, vectors)
        if log_chances is not None:
            # Sampled softmax: less the log of the chance to be there, but for the target itself.
            column = targets[:, None]
            logits = (logits - log_chances).scatter(1, column, logits.gather(1, column))
        return functional.cross_entropy(logits, targets, reduction="sum")
