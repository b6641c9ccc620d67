"""recall@10 on events that training has not seen, by protocol S: every event on an item new to its shopper, at most
the first ten of a shopper, each predicted from all that the shopper did before."""

from __future__ import annotations

from typing import Callable

import numpy as np
import torch

from histories import Histories, Pack

QUERIES_PER_SHOPPER = 10

#: Scores [q, items] of the positions that are asked for, given packed sequences and those positions.
Scorer = Callable[[Pack, np.ndarray], torch.Tensor]


class Validation:
    """The queries with times in [start, end); an encoder reads at most the latest `longest` events of a shopper."""

    def __init__(self, histories: Histories, start: int, end: int | None = None, longest: int = 2000):
        self.histories, self.longest = histories, longest
        chosen = (histories.times >= start) & ~histories.is_repeat
        if end is not None:
            chosen &= histories.times < end
        chosen[histories.starts[:-1][np.diff(histories.starts) > 0]] = False  # nothing is known at a first event
        before = np.concatenate([[0], np.cumsum(chosen)])
        shopper = np.repeat(np.arange(histories.shoppers), np.diff(histories.starts))
        rank = before[:-1] - before[histories.starts[:-1]][shopper]
        self.queries = np.flatnonzero(chosen & (rank < QUERIES_PER_SHOPPER))
        self.shoppers = shopper[self.queries]

    def recall(self, score: Scorer, at: int = 10, sequences: int = 64) -> float:
        """The share of queries whose item is among the first `at` outside the history; ties rank last."""
        hits = 0
        owners = np.unique(self.shoppers)
        for first in range(0, len(owners), sequences):
            group = owners[first : first + sequences]
            mine = np.isin(self.shoppers, group)
            hits += int((self.ranks(score, self.queries[mine], np.searchsorted(group, self.shoppers[mine])) < at).sum())
        return hits / max(1, len(self.queries))

    @torch.no_grad()
    def ranks(self, score: Scorer, queries: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """How many items outside the history score at least as high as each query's; `owner` is 0, 1, … per shopper."""
        begin = self.histories.starts[self.shoppers[np.searchsorted(self.queries, queries)]]
        first, last = (np.searchsorted(owner, np.arange(owner[-1] + 1), side) for side in ("left", "right"))
        until = queries[last - 1]
        segments = np.stack([np.maximum(begin[first], np.minimum(until - self.longest, queries[first] - 1)), until], 1)
        pack, _ = Pack.of(self.histories, segments)
        offsets = np.cumsum(segments[:, 1] - segments[:, 0]) - segments[:, 1]  # from events to positions
        scores = score(pack, queries - 1 + offsets[owner])
        rows = np.arange(len(queries))
        threshold = scores[rows, self.histories.items[queries]]
        lengths = queries - begin
        history = np.repeat(begin - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        scores[np.repeat(rows, lengths), self.histories.items[history]] = float("-inf")
        above = (scores >= threshold[:, None]).sum(1) - 1  # less the target itself
        return torch.where(torch.isfinite(threshold), above, torch.full_like(above, scores.shape[1])).cpu().numpy()
