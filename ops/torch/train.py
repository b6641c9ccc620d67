"""Trains the two towers in PyTorch: on one CPU, on a GPU, or on many of either by torchrun.

    python ops/torch/train.py --events events.tsv.gz [--items items.jsonl.gz] --init CHECKPOINT --out DIR
    python ops/torch/train.py --events events.tsv.gz --shape 64,1,128 --out DIR
    torchrun --nproc_per_node 4 ops/torch/train.py …

`--init` goes on from a checkpoint, with its sizes and vocabularies; items that are new get rows of their own.
`--shape` gives dimension, blocks and width of the feed-forward part, and starts from the items' co-occurrences
(`--start random`: from noise). DIR becomes a checkpoint that `breadcrumb run` takes. A batch of `--batch-events` is
dealt to all processes.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from checkpoint import FORMAT, ITEM_VECTORS, Checkpoint, CheckpointError
from fitting import Epoch, Fit, Settings
from histories import Histories, make_candidates
from shop import Features, Log, ShopError, choose_columns, choose_tokens, digest, price_thresholds, read_catalogue
from start import start
from tower import Towers
from training import Diverged
from validation import Validation


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=Path, required=True, help=".csv, .tsv or .jsonl, also as .gz")
    parser.add_argument("--items", type=Path, help="the catalogue; without it items have no features")
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--init", type=Path, help="folder of a checkpoint to start from")
    origin.add_argument("--shape", type=sizes, help="dimension,blocks,hidden of a new model")
    parser.add_argument(
        "--start", choices=("cooccurrence", "random"), default="cooccurrence", help="of a new model's items"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the checkpoint; an older one in it is replaced"
    )
    parser.add_argument(
        "--validation-share",
        type=float,
        default=0.0,
        help="share of the events, the latest, to measure recall@10 on; they are then not trained on",
    )
    for field in dataclasses.fields(Settings):
        kind = {"action": "store_true"} if field.default is False else {"type": type(field.default)}
        parser.add_argument("--" + field.name.replace("_", "-"), default=field.default, **kind)
    return parser.parse_args()


def sizes(text: str) -> dict[str, int]:
    """`64,1,128` as a model's sizes."""
    shape = dict(zip(("dimension", "blocks", "hidden"), map(int, text.split(",")), strict=True))
    if any(shape[name] % 16 for name in ("dimension", "hidden")) or min(shape.values()) < 1:
        raise ValueError("dimension and hidden must be multiples of 16")
    return shape


def new_checkpoint(shape: dict[str, int], log: Log, records: dict[str, dict]) -> Checkpoint:
    """A checkpoint without tensors, with the vocabularies that `breadcrumb train` would choose."""
    thresholds = price_thresholds(records.values())
    vocabulary = {
        "items": log.items,
        "tokens": choose_tokens(records, thresholds, log.items),
        "prices": thresholds,
        "attributes": log.choose_attributes(),
    }
    counts = {name: len(vocabulary[name]) for name in ("items", "tokens", "attributes")}
    shape = shape | counts | {"vectors": choose_columns(records, log.items)}
    description = {
        "format": FORMAT,
        "shape": shape,
        "channels": {},
        "trainedUntil": int(log.time.max()),
        "training": {},
    }
    return Checkpoint(description, vocabulary, {})


def widened(checkpoint: Checkpoint, items: list[str]) -> None:
    """Gives the checkpoint's model rows for `items` that come after its own, near zero: features say where they lie."""
    extra = len(items) - checkpoint.shape["items"]
    if extra > 0:
        old = checkpoint.tensors["items.embedding"]
        fresh = np.random.default_rng(1).normal(0, 0.1 / old.shape[1] ** 0.5, (extra, old.shape[1]))
        checkpoint.tensors["items.embedding"] = np.concatenate([old, fresh.astype(np.float32)])
        # The channels know nothing of the new items: no neighbours, no popularity.
        for name in {"neighbours.starts", "items.popularity"} & checkpoint.tensors.keys():
            values = checkpoint.tensors[name]
            checkpoint.tensors[name] = np.append(
                values, np.full(extra, values[-1] if "starts" in name else 0, values.dtype)
            )
    checkpoint.vocabulary["items"], checkpoint.shape["items"] = items, len(items)


@torch.no_grad()
def finish(checkpoint: Checkpoint, model: Towers, features: Features, facts: dict) -> None:
    """Puts the trained values and the facts of training into the checkpoint."""
    everything = np.arange(checkpoint.shape["items"])
    candidates = make_candidates(everything, np.ones(len(everything), bool), features)
    checkpoint.tensors |= model.values()
    checkpoint.tensors[ITEM_VECTORS] = model.cpu().item_vectors(candidates).numpy()
    checkpoint.description["training"] |= facts
    checkpoint.description["training"].pop("startedFrom", None)  # of the run before this one


def train(options: argparse.Namespace, device: torch.device, rank: int) -> None:
    settings = Settings(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Settings)})
    log, records = Log.read(options.events), read_catalogue(options.items)
    checkpoint = Checkpoint.load(options.init) if options.init else new_checkpoint(options.shape, log, records)
    if checkpoint.shape.get("userTower", "sequential") != "sequential":
        raise CheckpointError(
            f"{options.init}: has the mean tower, which only `breadcrumb train --user-tower mean` trains"
        )
    log = log.renamed(checkpoint.vocabulary["items"])
    attributes = checkpoint.vocabulary["attributes"]
    features = Features.of(
        records,
        log.items,
        checkpoint.vocabulary["tokens"],
        checkpoint.vocabulary["prices"],
        checkpoint.shape["vectors"],
    )
    earlier, validation = log, None
    if options.validation_share > 0:
        begin = int(np.sort(log.time)[int(len(log.time) * (1 - options.validation_share))])
        earlier, validation = log.before(begin), Validation(Histories(log, attributes), begin)
    histories = Histories(earlier, attributes)
    torch.manual_seed(settings.seed)
    if options.init:
        widened(checkpoint, log.items)
    model = Towers(checkpoint.shape, settings.dropout)
    if options.init:
        try:
            model.load(checkpoint.tensors)
        except ValueError as error:
            raise CheckpointError(f"{options.init}/model.safetensors: {error}") from error
    else:
        start(model, histories, features, informed=options.start == "cooccurrence")

    def report(epoch: Epoch) -> None:
        if rank == 0:
            recall = "" if epoch.recall is None else f"  recall@10 {epoch.recall:.4f}"
            print(f"epoch {epoch.epoch}  {epoch.seconds:.1f} s  loss {epoch.loss:.4f}{recall}", flush=True)

    fit = Fit(model.to(device), histories, features, settings)
    curve = fit.run(validation, report)
    if rank == 0:
        facts = {
            "seed": settings.seed,
            "dataDigest": digest([path for path in (options.events, options.items) if path]),
            "events": len(earlier.time),
            "shoppers": int(len(np.unique(earlier.shopper))),
            "epochs": len(curve),
            "towersUntil": int(earlier.time.max()),
            "settings": settings.record(),
            "recallAt10": curve[-1].recall if curve else None,
        }
        stage = {"stage": "fitting" if validation is None else "validating"}
        checkpoint.curve = [
            stage
            | {"dimension": checkpoint.shape["dimension"], "dropout": settings.dropout}
            | {name: value for name, value in vars(epoch).items() if value is not None}
            for epoch in curve
        ]
        finish(checkpoint, fit.averaged, features, facts)
        checkpoint.save(options.out)
        print(f"checkpoint  {options.out}")


def main() -> None:
    options, several = arguments(), int(os.environ.get("WORLD_SIZE", "1")) > 1
    device, rank = torch.device("cpu"), int(os.environ.get("RANK", "0"))
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    if several:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        train(options, device, rank)
    except (ShopError, CheckpointError, Diverged, OSError) as error:
        sys.exit(f"error: {error}")
    finally:
        if several:
            distributed.destroy_process_group()


if __name__ == "__main__":
    main()
