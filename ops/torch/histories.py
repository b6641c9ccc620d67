"""From events to batches: every shopper's history, what is to be predicted, and how it is cut, packed and dealt out.

The rules are those of Sources/TwoTower/Training (Histories, NextItems, BatchPlan, CandidateSampler); only the random
numbers are others.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from shop import Features, Log
from tower import GAPS, Batch, Candidates

CART_REMOVAL = 2


def gap_buckets(gaps: np.ndarray) -> np.ndarray:
    """Buckets of gaps in milliseconds: powers of two of 30 minutes / 1024. (Bucket 0 is the first event.)"""
    units = np.clip(gaps, 0, 1 << 44) * 1024 // 1_800_000
    return np.minimum(1 + np.frexp(units.astype(np.float64))[1].astype(np.int64), GAPS - 1)


class Histories:
    """Every shopper's events in order of time, one shopper after the other; equal times keep the order of the file.

    `attributes` are those that have an embedding, in the order of their rows.
    """

    def __init__(self, log: Log, attributes: tuple[str, ...] | list[str] = ()):
        order = np.lexsort((log.time, log.shopper))
        self.items, self.actions, self.times = log.item[order], log.action[order], log.time[order]
        shoppers = log.shopper[order]
        #: Shopper s has events starts[s] up to starts[s + 1].
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(shoppers, minlength=log.shoppers))])
        first = np.concatenate([[True], shoppers[1:] != shoppers[:-1]])
        gaps = np.diff(self.times, prepend=0)
        self.gaps = np.where(first, 0, gap_buckets(gaps))
        # A visit begins with the first event, after 30 minutes, or with another session id than the last one given.
        sessions = log.session[order]
        given = np.maximum.accumulate(np.where(sessions >= 0, np.arange(len(order)), -1))
        last = np.concatenate([[-1], given[:-1]])
        changes = (sessions >= 0) & (last >= self.starts[:-1][shoppers]) & (sessions != sessions[last])
        self.visits = (first | (gaps > 1_800_000) | changes).astype(np.int64)
        rows = {token: row for row, token in enumerate(attributes)}
        sets = [sorted({rows[token] for token in tokens if token in rows}) for tokens in log.attribute_sets]
        #: Per set of attributes its rows, and per event its set.
        self.attribute_rows = [np.array(found, np.int64) for found in sets]
        self.attribute_sets = log.attributes[order]
        #: Whether the shopper did anything to the item before.
        self.is_repeat = np.ones(len(order), bool)
        self.is_repeat[np.unique(shoppers * len(log.items) + self.items, return_index=True)[1]] = False

    @property
    def shoppers(self) -> int:
        return len(self.starts) - 1


class NextItems:
    """Which item the state after an event is to predict: the next event's, where that is on an item that is new to the
    shopper and no removal from the cart."""

    def __init__(self, histories: Histories):
        self.is_target = ~histories.is_repeat & (histories.actions != CART_REMOVAL)

    def after(self, events: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The event that each event has as target, or -1; `ends`: of the histories."""
        following = np.minimum(events + 1, len(self.is_target) - 1)
        return np.where((events + 1 < ends) & self.is_target[following], events + 1, -1)


@dataclasses.dataclass
class Pack:
    """Sequences packed one after the other, with rows of the vocabulary as items and targets."""

    items: np.ndarray
    actions: np.ndarray
    gaps: np.ndarray
    visits: np.ndarray
    attributes: np.ndarray
    attribute_starts: np.ndarray
    offsets: np.ndarray
    target_positions: np.ndarray
    targets: np.ndarray

    @staticmethod
    def of(histories: Histories, segments: np.ndarray) -> tuple[Pack, np.ndarray]:
        """Segments [s, 2] of events, first and end, without targets; and the event at each position."""
        lengths = segments[:, 1] - segments[:, 0]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        events = np.repeat(segments[:, 0], lengths) + offsets
        sets = [histories.attribute_rows[row] for row in histories.attribute_sets[events]]
        counts = np.array([len(found) for found in sets], np.int64)
        nothing = np.zeros(0, np.int64)
        return Pack(
            histories.items[events],
            histories.actions[events],
            histories.gaps[events],
            histories.visits[events],
            np.concatenate([nothing, *sets]),
            np.cumsum(counts) - counts,
            offsets,
            nothing,
            nothing,
        ), events

    def localised(self, candidates: np.ndarray, items: int) -> Batch:
        """In terms of `candidates`, rows of the vocabulary of `items` items; an item that is not there is unknown."""
        local = np.full(items + 1, -1)
        local[candidates] = np.arange(len(candidates))
        columns = dataclasses.replace(self, items=local[self.items], targets=local[self.targets])
        return Batch(*(torch.from_numpy(getattr(columns, field.name)) for field in dataclasses.fields(columns)))


class Batches:
    """The batches of one epoch: histories cut into segments of bounded length, at another place each time, shuffled,
    and packed until a batch holds `batch_events` events."""

    #: Share of inputs that are shown as the unknown item, so that its vector is learned.
    UNKNOWN_SHARE = 0.01

    def __init__(
        self, histories: Histories, next_items: NextItems, length: int, batch_events: int, random: np.random.Generator
    ):
        self.histories, self.next_items, self.random = histories, next_items, random
        segments = []
        for start, end in zip(histories.starts[:-1], histories.starts[1:]):
            if end - start < 2:
                continue
            cut = start + random.integers(1, length + 1) if end - start > length else end
            edges = [start, *range(cut, end, length), end]
            segments += [(first, last, end) for first, last in zip(edges, edges[1:])]
        all_segments = np.array(segments, np.int64).reshape(-1, 3)
        ends = np.repeat(histories.starts[1:], np.diff(histories.starts))
        before = np.concatenate([[0], np.cumsum(next_items.after(np.arange(len(ends)), ends) >= 0)])
        self.segments = random.permutation(all_segments[before[all_segments[:, 1]] > before[all_segments[:, 0]]])
        sizes = np.cumsum(self.segments[:, 1] - self.segments[:, 0])
        self.ends, taken = [0], 0
        while self.ends[-1] < len(self.segments):
            self.ends.append(min(int(np.searchsorted(sizes, taken + batch_events)) + 1, len(self.segments)))
            taken = int(sizes[self.ends[-1] - 1])

    def __len__(self) -> int:
        return len(self.ends) - 1

    def shards(self, index: int, count: int) -> list[Pack]:
        """Batch `index`, each segment dealt to the shard that has the fewest events. Random choices come first: they do
        not depend on `count`."""
        segments = self.segments[self.ends[index] : self.ends[index + 1]]
        _, events = Pack.of(self.histories, segments)
        ends = np.repeat(segments[:, 2], segments[:, 1] - segments[:, 0])
        targets = self.next_items.after(events, ends)
        unknown = self.random.random(len(events)) < self.UNKNOWN_SHARE
        loads, owner = np.zeros(count, np.int64), np.zeros(len(segments), np.int64)
        for row, (first, end, _) in enumerate(segments):
            owner[row] = loads.argmin()
            loads[owner[row]] += end - first
        owners = np.repeat(owner, segments[:, 1] - segments[:, 0])
        return [
            self.shard(segments[owner == shard], targets[owners == shard], unknown[owners == shard])
            for shard in range(count)
        ]

    def shard(self, segments: np.ndarray, targets: np.ndarray, unknown: np.ndarray) -> Pack:
        pack, _ = Pack.of(self.histories, segments)
        positions = np.flatnonzero(targets >= 0)
        return dataclasses.replace(
            pack,
            items=np.where(unknown, -1, pack.items),
            target_positions=positions,
            targets=self.histories.items[targets[positions]],
        )


class CandidateSampler:
    """Chooses the items of a batch: all that occur in training, or a shared sample of negatives by popularity to the
    power of 3/4 together with the batch's own items."""

    def __init__(self, counts: np.ndarray, features: Features, negatives: int | None, id_dropout: float):
        self.seen, self.features = np.flatnonzero(counts), features
        self.negatives, self.id_dropout = negatives, id_dropout
        weights = counts[self.seen].astype(np.float64) ** 0.75
        self.weights = weights / weights.sum()
        if negatives is not None:
            # The chance of at least one hit in `negatives` draws.
            chances = -np.expm1(negatives * np.log1p(-np.minimum(self.weights, 1 - 1e-12)))
            self.log_chances = np.full(len(counts), np.inf)
            self.log_chances[self.seen] = np.log(chances)

    def select(self, packs: list[Pack], random: np.random.Generator) -> Candidates:
        """The items of a batch of which `packs` are all the shards."""
        if self.negatives is None:
            return self.candidates(self.seen, random)
        sampled = np.unique(random.choice(self.seen, self.negatives, p=self.weights))
        own = np.concatenate([column for pack in packs for column in (pack.items, pack.targets)])
        candidates = self.candidates(np.union1d(sampled, own[own >= 0]), random)
        rows = candidates.rows.numpy()
        chances = np.where(np.isin(rows, sampled), self.log_chances[rows], np.inf)
        candidates.log_chances = torch.from_numpy(chances.astype(np.float32))
        return candidates

    def candidates(self, rows: np.ndarray, random: np.random.Generator) -> Candidates:
        known = (random.random(len(rows)) >= self.id_dropout) | ~self.features.exist[rows]
        return make_candidates(rows, known, self.features)


def make_candidates(rows: np.ndarray, known: np.ndarray, features: Features) -> Candidates:
    """Items that take part, with their features."""
    counts = np.diff(features.starts)[rows]
    starts = np.cumsum(counts) - counts
    entries = np.repeat(features.starts[rows] - starts, counts) + np.arange(counts.sum())
    vectors = []
    for places, values in features.vectors:
        mine = np.flatnonzero(places[rows] >= 0)
        vectors.append((torch.from_numpy(mine), torch.from_numpy(values[places[rows][mine]])))
    columns = (rows, known, starts, features.rows[entries], features.fields[entries], features.shares[entries])
    return Candidates(*map(torch.from_numpy, columns), vectors)
