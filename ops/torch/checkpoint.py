"""Breadcrumb's checkpoints as Python sees them: the files of a folder, read and written.

`model.safetensors` holds the tensors by name, `vocabulary.json` the names of the rows, `model.json` the sizes, the
channels' constants and the facts of training, `curve.json` what each epoch reached. docs/model.md defines them. A
checkpoint's version is the digest of the first three, so nothing has to be computed for it here. What the twin does
not train it keeps as it was.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

FORMAT = 3
#: The derived tensor of the items' unit vectors, with the catalogue of training.
ITEM_VECTORS = "items.vector"


class CheckpointError(Exception):
    """Names the file, what is wrong with it, and what to do."""


#: The types that the Swift side writes, little-endian.
TYPES = {"F32": np.dtype("<f4"), "I32": np.dtype("<i4")}


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file (https://huggingface.co/docs/safetensors)."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise CheckpointError(
            f"{path}: the header claims {length} bytes and the file holds {len(data)}; is it truncated?"
        )
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if entry["dtype"] not in TYPES or end > len(data) or end - start != 4 * count:
            raise CheckpointError(f"{path}: {name}: {entry} is not a whole tensor of F32 or I32")
        tensors[name] = np.frombuffer(data, TYPES[entry["dtype"]], count, start).reshape(entry["shape"]).copy()
    return tensors


def write_tensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Writes tensors in the order given, without a gap, the header padded to eight bytes."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        kind = "I32" if tensor.dtype.kind in "iu" else "F32"
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + 4 * tensor.size]}
        offset += 4 * tensor.size
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, tensor in tensors.items():
            file.write(np.ascontiguousarray(tensor, TYPES[header[name]["dtype"]]).tobytes())


@dataclasses.dataclass
class Checkpoint:
    """A checkpoint in memory: `description` is `model.json` and `vocabulary` is `vocabulary.json`, as they are."""

    description: dict
    vocabulary: dict
    tensors: dict[str, np.ndarray]
    curve: list[dict] = dataclasses.field(default_factory=list)
    """`curve.json`, written where there is one."""

    @property
    def shape(self) -> dict:
        """The sizes that fix the tensors: items, tokens, dimension, blocks, hidden."""
        return self.description["shape"]

    @staticmethod
    def load(folder: Path) -> Checkpoint:
        try:
            description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
            tensors = read_tensors(folder / "model.safetensors")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{folder}: is no checkpoint ({error}); `breadcrumb train` makes one") from error
        if description.get("format") != FORMAT:
            raise CheckpointError(
                f"{folder}/model.json: format {description.get('format')} is not known, expected {FORMAT}"
            )
        return Checkpoint(description, vocabulary, tensors)

    def save(self, folder: Path) -> None:
        """Writes a folder beside the place and renames it there: a reader sees a whole checkpoint or none.

        Refuses values that are not finite, as the Swift program would on loading.
        """
        for name, tensor in self.tensors.items():
            if not np.isfinite(tensor).all():
                raise CheckpointError(
                    f"{name}: holds numbers that are not finite: training diverged; lower --learning-rate"
                )
        folder = folder.absolute()
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            contents = {"model.json": self.description, "vocabulary.json": self.vocabulary, "curve.json": self.curve}
            for name, content in contents.items():
                if name == "curve.json" and not content:
                    continue
                text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
                (fresh / name).write_text(text, encoding="utf-8")
            write_tensors(fresh / "model.safetensors", self.tensors)
            fresh.chmod(0o755)
            retired = fresh.with_name(fresh.name + ".old")
            if folder.exists():
                os.rename(folder, retired)
            os.rename(fresh, folder)
            shutil.rmtree(retired, ignore_errors=True)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
