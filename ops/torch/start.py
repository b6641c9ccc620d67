"""Where training from scratch starts: item embeddings that know which items occur together, and a tower that already
is a decayed mean of the shopper's items; or random item embeddings."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import nn

from histories import Histories
from shop import Features
from tower import Block, Towers


def positive_pmi(histories: Histories, items: int, window: int = 10, decay: float = 0.7) -> torch.Tensor:
    """[items, items], sparse: positive pointwise mutual information of items within `window` events of one another,
    weighted by decay^(distance - 1), in both directions, without the diagonal (Levy, Goldberg 2014)."""
    shopper = np.repeat(np.arange(histories.shoppers), np.diff(histories.starts))
    pairs, weights = [], []
    for distance in range(1, window + 1):
        near = (shopper[distance:] == shopper[:-distance]) & (histories.items[distance:] != histories.items[:-distance])
        left, right = histories.items[:-distance][near], histories.items[distance:][near]
        pairs += [np.stack([left, right]), np.stack([right, left])]
        weights.append(np.full(2 * len(left), decay ** (distance - 1)))
    indices, values = torch.from_numpy(np.concatenate(pairs, axis=1)), torch.from_numpy(np.concatenate(weights))
    counts = sparse(indices, values, items)
    sums = torch.sparse.sum(counts, 1).to_dense()
    (row, column), value = counts.indices(), counts.values()
    pmi = torch.log(value * sums.sum() / (sums[row] * sums[column]))
    kept = pmi > 0
    return sparse(counts.indices()[:, kept], pmi[kept], items)


def sparse(indices: torch.Tensor, values: torch.Tensor, size: int) -> torch.Tensor:
    """A square sparse matrix; values of equal indices add up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions want to be told whether to check the indices, 1.13 cannot be
        return torch.sparse_coo_tensor(indices, values, (size, size)).coalesce()


def leading_vectors(matrix: torch.Tensor, rank: int, iterations: int = 6) -> torch.Tensor:
    """U |Λ|^½ [n, rank] of the eigenvalues largest in size of a symmetric matrix, by randomised subspace iteration
    (Halko, Martinsson, Tropp 2011)."""
    n = matrix.shape[0]
    basis = torch.linalg.qr(torch.randn(n, min(n, rank + 16), dtype=matrix.dtype))[0]
    for _ in range(iterations):
        basis = torch.linalg.qr(matrix @ basis)[0]
    values, vectors = torch.linalg.eigh(basis.T @ (matrix @ basis))
    largest = values.abs().argsort(descending=True)[:rank]
    return basis @ vectors[:, largest] * values[largest].abs().sqrt()


@torch.no_grad()
def start_items(model: Towers, histories: Histories, informed: bool) -> None:
    """Item embeddings of mean length 1, from co-occurrences or at random, with a little noise: items without neighbours
    need a direction of their own."""
    embedding = model.items["embedding"]
    items, d = embedding.shape
    embedding.normal_(0, 1 / d**0.5)
    if informed:
        vectors = leading_vectors(positive_pmi(histories, items), min(items, d))
        lengths = vectors.norm(dim=1)
        embedding *= 0.1
        embedding[:, : vectors.shape[1]] += (vectors / lengths[lengths > 1e-9].mean().clamp_min(1e-9)).float()


@torch.no_grad()
def start_features(model: Towers, histories: Histories, features: Features) -> None:
    """Tokens start as the mean of the items that training has seen with them, gains at 1, so that features begin as the
    mean over all tokens."""
    embedding = model.tokens["embedding"]
    model.fields["gain"].fill_(1)
    if len(embedding) > 0:
        counts = np.diff(features.starts)
        owner = np.repeat(np.arange(len(counts)), counts)
        seen = np.isin(owner, histories.items)
        rows, owners = torch.from_numpy(features.rows[seen]), torch.from_numpy(owner[seen])
        number = torch.zeros(len(embedding)).index_add_(0, rows, torch.ones(len(rows)))
        embedding.index_add_(0, rows, model.items["embedding"][owners])
        embedding /= number.clamp_min(1)[:, None]
    for projection, (places, values) in zip(model.vectors, features.vectors):
        # The ridge regression of the items' embeddings on their vectors, with a tenth of what a direction holds on
        # average.
        items = np.intersect1d(np.flatnonzero(places >= 0), histories.items)
        x = torch.from_numpy(values[places[items]]).double()
        penalty = 0.1 * max(1, len(items)) / x.shape[1] * torch.eye(x.shape[1], dtype=x.dtype)
        target = x.T @ model.items["embedding"][torch.from_numpy(items)].double()
        projection.copy_(torch.linalg.solve(x.T @ x + penalty, target).T)


@torch.no_grad()
def start_block(block: Block) -> None:
    """A block that passes on what it remembers, and has no feed-forward part yet."""
    d = len(block.gate_norm)
    for weight, deviation in (
        (block.mix.weight, 0.02),
        (block.feed_up.weight, d**-0.5),
        (block.feed_down.weight, 0.02),
    ):
        nn.init.normal_(weight, 0, deviation)
    for bias in (block.feed_up.bias, block.feed_down.bias):
        nn.init.zeros_(bias)
    block.mix.weight += torch.eye(d)
    block.begin()


def start(model: Towers, histories: Histories, features: Features, informed: bool = True) -> None:
    """Fills all parameters of a new model of our own kind."""
    start_items(model, histories, informed)
    start_features(model, histories, features)
    for block in model.blocks:
        start_block(block)
    with torch.no_grad():
        model.log_scale.fill_(float(np.log(1 / 0.07)))
