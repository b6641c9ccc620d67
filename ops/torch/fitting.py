"""Epochs of training on a shop's events, with validation after each: what `train.py` and the comparisons share."""

from __future__ import annotations

import copy
import dataclasses
import time
from typing import Callable

import numpy as np
import torch
from torch import distributed

from histories import Batches, CandidateSampler, Histories, NextItems, Pack, make_candidates
from shop import Features
from tower import Towers
from training import Trainer, rate
from validation import Validation


#: Share of an epoch's steps that the average of the parameters looks back on.
WINDOW = 0.3


@dataclasses.dataclass
class Settings:
    """What shapes a run; the names are those of the Swift side's TrainingSettings."""

    epochs: int = 10
    learning_rate: float = 0.002
    weight_decay: float = 0.01
    dropout: float = 0.3
    id_dropout: float = 0.1
    batch_events: int = 1024
    sequence_length: int = 200
    full_softmax_scores: float = 5e9
    negatives: int = 8192
    anneal: bool = False
    """Lets the learning rate fall over all epochs, in place of a constant one with an average of the parameters."""
    seed: int = 1

    def record(self) -> dict[str, float]:
        """As `model.json` names them."""
        words = {name: name.split("_") for name in dataclasses.asdict(self) if name != "seed"}
        return {
            first + "".join(map(str.capitalize, rest)): float(getattr(self, name))
            for name, (first, *rest) in words.items()
        }


@dataclasses.dataclass
class Epoch:
    """One line of a training curve."""

    epoch: int
    seconds: float
    """Since training began, validation not counted."""
    loss: float
    recall: float | None


class Fit:
    """A training on one set of histories, in one process or as one of several."""

    def __init__(self, model: Towers, histories: Histories, features: Features, settings: Settings):
        self.model, self.histories, self.features, self.settings = model, histories, features, settings
        self.counts = np.bincount(histories.items, minlength=len(model.items["embedding"]))
        scores = len(histories.items) * len(self.counts)
        sampled = len(self.counts) > settings.negatives and scores > settings.full_softmax_scores
        negatives = settings.negatives if sampled else None
        self.sampler = CandidateSampler(self.counts, features, negatives, settings.id_dropout)
        self.next_items = NextItems(histories)
        self.trainer = Trainer(model, settings.weight_decay)
        self.rank = distributed.get_rank() if distributed.is_initialized() else 0
        #: Steps done.
        self.steps = 0
        #: The running average of the parameters: what is judged and kept.
        self.averaged = copy.deepcopy(model)

    def epoch(self, index: int) -> float:
        """Runs epoch 0, 1, …; returns the mean loss. All processes draw the same numbers and take their shards."""
        random = np.random.default_rng([self.settings.seed, index])
        torch.manual_seed(hash((self.settings.seed, index, self.rank)) % 2**63)  # dropout differs between processes
        batches = Batches(
            self.histories, self.next_items, self.settings.sequence_length, self.settings.batch_events, random
        )
        self.model.train()
        losses = []
        for number in range(len(batches)):
            packs = batches.shards(number, self.trainer.processes)
            candidates = self.sampler.select(packs, random)
            batch = packs[self.rank].localised(candidates.rows.numpy(), len(self.counts))
            targets = sum(len(pack.targets) for pack in packs)
            total = self.settings.epochs * len(batches) if self.settings.anneal else None
            learning_rate = rate(self.steps, self.settings.learning_rate, total)
            losses.append(self.trainer.step(batch, candidates, targets, learning_rate))
            self.steps += 1
            self.average(len(batches))
        return float(np.mean(losses))

    @torch.no_grad()
    def average(self, steps_per_epoch: int) -> None:
        """Moves the average towards the latest parameters: it looks back on WINDOW of an epoch, or not at all."""
        window = 0 if self.settings.anneal else WINDOW * steps_per_epoch
        share = 1 / max(1.0, min(float(self.steps), window))
        for average, latest in zip(self.averaged.parameters(), self.model.parameters()):
            average.lerp_(latest, share)

    def run(
        self, validation: Validation | None, report: Callable[[Epoch], None], seconds: float | None = None
    ) -> list[Epoch]:
        """Runs all epochs, or as many as begin within `seconds` of training."""
        curve, spent = [], 0.0
        for index in range(self.settings.epochs):
            if seconds is not None and spent >= seconds:
                break
            began = time.monotonic()
            loss = self.epoch(index)
            spent += time.monotonic() - began
            recall = validation.recall(self.scores()) if validation and self.rank == 0 else None
            curve.append(Epoch(index + 1, spent, loss, recall))
            report(curve[-1])
        return curve

    @torch.no_grad()
    def scores(self):
        """A scorer for validation: the items of which training or the catalogue knows something."""
        self.averaged.eval()
        rows = np.flatnonzero((self.counts > 0) | self.features.exist)
        candidates = make_candidates(rows, self.counts[rows] > 0, self.features).to(self.trainer.device)
        vectors = self.averaged.item_vectors(candidates)

        def score(pack: Pack, positions: np.ndarray) -> torch.Tensor:
            batch = pack.localised(rows, len(self.counts)).to(self.trainer.device)
            users = self.averaged.user_vectors(batch, vectors)[torch.from_numpy(positions)]
            scores = torch.full((len(positions), len(self.counts)), float("-inf"))
            scores[:, torch.from_numpy(rows)] = self.averaged.logits(users, vectors).cpu()
            return scores

        return score
