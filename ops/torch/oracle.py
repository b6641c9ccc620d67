"""The independent oracle: does on a checkpoint and recorded batches what Swift did, so that a test can compare the two.

    python oracle.py FOLDER

FOLDER holds a checkpoint in `model/` and `case.safetensors`, all numbers fp32. Of batch k, each name preceded by `k.`:
the columns of a `Batch`, those of `Candidates` (column c of its vectors as `vector_places.c` and `vector_values.c`),
and, where dropout took part, its factors `mask.0`, `mask.1`, … in the order in which they were applied. `training` is
[peak learning rate, weight decay].

Writes `result.safetensors`: of batch 0 at the checkpoint's parameters `vectors`, `logits`, `loss` and `gradient.NAME`;
then of one training step on each batch in turn `losses` and `norms`, and at the end `parameter.NAME`.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import torch

from checkpoint import Checkpoint, read_tensors, write_tensors
from tower import Batch, Candidates, Towers
from training import Trainer, rate


def integers(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.int64))


class Case:
    """A batch as recorded, with dropout's factors."""

    def __init__(self, tensors: dict[str, np.ndarray], number: int):
        mine = {name.split(".", 1)[1]: value for name, value in tensors.items() if name.startswith(f"{number}.")}
        self.batch = Batch(*(integers(mine[field.name]) for field in dataclasses.fields(Batch)))
        rows, known, *bags = (
            integers(mine[name]) for name in ("rows", "known", "bag_starts", "tokens", "token_fields")
        )
        columns = sum(name.startswith("vector_places.") for name in mine)
        self.candidates = Candidates(
            rows,
            known.bool(),
            *bags,
            torch.from_numpy(mine["token_shares"]),
            [
                (integers(mine[f"vector_places.{column}"]), torch.from_numpy(mine[f"vector_values.{column}"]))
                for column in range(columns)
            ],
            torch.from_numpy(mine["log_chances"]) if "log_chances" in mine else None,
        )
        self.masks = [torch.from_numpy(mine[f"mask.{index}"]) for index in range(len(mine)) if f"mask.{index}" in mine]

    def dropping(self):
        """What drops as the recording did."""
        masks = iter(self.masks)
        return (lambda x: x * next(masks)) if self.masks else (lambda x: x)


def one_pass(model: Towers, case: Case) -> dict[str, np.ndarray]:
    """Forwards and back once."""
    loss = model(case.batch, case.candidates, 1 / max(1, len(case.batch.targets)), case.dropping())
    loss.backward()
    result = {f"gradient.{name}": value.grad for name, value in model.named() if value.grad is not None}
    with torch.no_grad():
        vectors = model.item_vectors(case.candidates)
        users = model.user_vectors(case.batch, vectors, case.dropping())[case.batch.target_positions]
        result |= {"loss": loss[None], "vectors": vectors, "logits": model.logits(users, vectors)}
    return {name: value.detach().numpy() for name, value in result.items()}


def training_steps(model: Towers, cases: list[Case], peak: float, decay: float) -> dict[str, np.ndarray]:
    """One step on each batch, without dropout."""
    trainer, losses, norms = Trainer(model, decay), [], []
    for number, case in enumerate(cases):
        losses.append(trainer.step(case.batch, case.candidates, len(case.batch.targets), rate(number, peak)))
        norms.append(trainer.norm)
    result = {f"parameter.{name}": value for name, value in model.values().items()}
    return result | {"losses": np.array(losses, np.float32), "norms": np.array(norms, np.float32)}


def main(folder: Path) -> None:
    checkpoint, tensors = Checkpoint.load(folder / "model"), read_tensors(folder / "case.safetensors")
    cases = [Case(tensors, number) for number in range(sum(name.endswith(".items") for name in tensors))]
    peak, decay = (float(value) for value in tensors["training"])
    model = Towers(checkpoint.shape)
    model.load(checkpoint.tensors)
    result = one_pass(model, cases[0]) | training_steps(model, cases, peak, decay)
    write_tensors(folder / "result.safetensors", result)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
