"""Tests of the twin on its own. That it agrees with the Swift program is tested from there (Tests/TwoTower).

`ops/test` runs them with a Python that has PyTorch. As a program it is one process of the test on two processes.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from checkpoint import Checkpoint, read_tensors, write_tensors
from fitting import Fit, Settings
from histories import Batches, Histories, NextItems, gap_buckets
from shop import Features, Log, price_band, words
from start import start
from tower import Towers, scan
from training import rate
from validation import Validation

HERE = Path(__file__).absolute().parent
#: What both ways of training share: no dropout, whose random numbers would depend on the process.
SETTINGS = Settings(epochs=2, dropout=0.0, batch_events=64, sequence_length=9, negatives=12, seed=5)


def shop_rows(shoppers: int = 24, items: int = 20, seed: int = 1) -> list[dict]:
    """Shoppers who walk around a ring of items, now and then two steps at a time, now and then back."""
    source, rows = random.Random(seed), []
    for shopper in range(shoppers):
        item = source.randrange(items)
        for place in range(source.randint(3, 14)):
            rows.append(
                {
                    "user_id": f"u{shopper}",
                    "item_id": f"i{item}",
                    "type": source.choice(["browse", "cart", "purchase"]),
                    "timestamp": 1_700_000_000 + 500 * place + shopper,
                    "session_id": f"s{place // 4}",
                }
            )
            item = (item + source.choice([1, 1, 1, 2, -1])) % items
    return sorted(rows, key=lambda row: row["timestamp"])


def write_shop(folder: Path) -> Path:
    path = folder / "events.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in shop_rows()), encoding="utf-8")
    return path


def gradients_and_steps(path: Path) -> dict[str, np.ndarray]:
    """The gradient of the first batch and the parameters after two epochs, as this process sees them; with the full
    softmax and with a sampled one."""
    log, result = Log.read(path), {}
    features, histories = Features.of({}, log.items, [], {}, []), Histories(log)
    for name, full in (("full", 1e9), ("sampled", 0)):
        torch.manual_seed(1)
        shape = {
            "items": len(log.items),
            "tokens": 0,
            "attributes": 0,
            "vectors": [],
            "dimension": 16,
            "blocks": 2,
            "hidden": 16,
        }
        model = Towers(shape)
        start(model, histories, features)
        settings = Settings(**{**vars(SETTINGS), "full_softmax_scores": full})
        fit = Fit(model, histories, features, settings)
        source = np.random.default_rng(3)
        packs = Batches(histories, fit.next_items, 9, 512, source).shards(0, fit.trainer.processes)
        candidates = fit.sampler.select(packs, source)
        batch = packs[fit.rank].localised(candidates.rows.numpy(), len(log.items))
        loss = fit.trainer.gradients(batch, candidates, sum(len(pack.targets) for pack in packs))
        result[f"{name}.loss"] = np.array([loss], np.float32)
        result |= {
            f"{name}.gradient.{key}": value.grad.numpy().copy() for key, value in fit.trainer.optimizer.parameters
        }
        fit.run(None, lambda epoch: None)
        result |= {f"{name}.parameter.{key}": value.copy() for key, value in model.values().items()}
    return result


def torchrun(processes: int, logs: Path, *command: str) -> None:
    """Runs a program of this folder in several processes on this machine.

    Their output goes to files and on: the default, neither, fails in PyTorch 1.13 on Python 3.11.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [
            sys.executable,
            "-B",
            "-m",
            "torch.distributed.run",
            "--nproc_per_node",
            str(processes),
            "--master_addr",
            "127.0.0.1",
            "--master_port",
            str(port),
            "--redirects",
            "1",
            "--tee",
            "1",
            "--log_dir",
            str(logs),
            *command,
        ],
        cwd=HERE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode != 0:
        raise AssertionError(done.stdout[-2000:] + done.stderr[-4000:])


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.events = write_shop(self.folder)

    def assert_close(self, mine: dict, other: dict, tolerance: float):
        self.assertEqual(mine.keys(), other.keys())
        for name, value in mine.items():
            length = np.linalg.norm(value)
            self.assertLessEqual(np.linalg.norm(value - other[name]), tolerance * length + 1e-9, name)

    def test_two_processes_have_the_gradients_and_the_steps_of_one(self):
        torchrun(2, self.folder / "log", "twin_test.py", str(self.events), str(self.folder / "two.safetensors"))
        one, two = gradients_and_steps(self.events), read_tensors(self.folder / "two.safetensors")
        # Another order of fp32 additions; steps divide by the gradient's size, so that roundings of small ones grow.
        self.assert_close(
            *({k: v for k, v in part.items() if ".gradient." in k or ".loss" in k} for part in (one, two)), 1e-5
        )
        self.assert_close(one, two, 1e-3)
        self.assertTrue(any(np.any(value != 0) for name, value in one.items() if "gradient.items.unknown" in name))

    def test_the_command_trains_on_two_processes_as_on_one(self):
        common = [
            "train.py",
            "--events",
            str(self.events),
            "--shape",
            "16,1,32",
            "--epochs",
            "2",
            "--dropout",
            "0",
            "--batch-events",
            "64",
        ]
        torchrun(2, self.folder / "log", *common, "--out", str(self.folder / "two"))
        torchrun(1, self.folder / "log", *common, "--out", str(self.folder / "one"))
        one, two = (Checkpoint.load(self.folder / name) for name in ("one", "two"))
        self.assert_close(one.tensors, two.tensors, 1e-3)
        self.assertEqual(one.vocabulary, two.vocabulary)
        losses = [epoch["loss"] for epoch in json.loads((self.folder / "one" / "curve.json").read_text())]
        self.assertLess(losses[1], losses[0])


class Parts(unittest.TestCase):
    def test_the_scan_is_the_recurrence(self):
        torch.manual_seed(2)
        offsets = torch.tensor([0, 1, 2, 3, 4, 0, 0, 1, 2])
        keep, value = torch.rand(9, 3), torch.randn(9, 3)
        state, expected = torch.zeros(3), []
        for position, offset in enumerate(offsets):
            state = value[position] + (keep[position] * state if offset > 0 else 0)
            expected.append(state)
        self.assertTrue(torch.allclose(scan(keep, value, offsets), torch.stack(expected), atol=1e-6))
        self.assertEqual(scan(keep[:0], value[:0], offsets[:0]).shape, (0, 3))

    def test_tensors_read_back(self):
        tensors = {
            "b": np.arange(6, dtype=np.float32).reshape(2, 3),
            "a": np.zeros((0, 4), np.float32),
            "c": np.array([7, -7], np.int32),
        }
        with tempfile.TemporaryDirectory() as folder:
            write_tensors(Path(folder) / "t", tensors)
            again = read_tensors(Path(folder) / "t")
        self.assertEqual(list(again), ["a", "b", "c"])
        for name, value in tensors.items():
            np.testing.assert_array_equal(again[name], value)
            self.assertEqual(again[name].dtype, value.dtype)

    def test_gap_buckets_double_from_thirty_minutes(self):
        half_hour = 1_800_000
        self.assertEqual(list(gap_buckets(np.array([-5, 0, half_hour - 1, half_hour, 1 << 60]))), [1, 1, 11, 12, 27])

    def test_words_and_price_bands(self):
        self.assertEqual(words("Rye-flour, 1 kg  (Ötzi's)", 9), ["rye", "flour", "1", "kg", "ötzi", "s"])
        self.assertEqual([price_band(price) for price in (1, 1.19, 1.42, 1.69, 2, 0.99)], [0, 1, 2, 3, 4, -1])

    def test_targets_are_new_items_and_batches_hold_every_history(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Log.read(write_shop(Path(folder)))
        histories = Histories(log)
        batches = Batches(histories, NextItems(histories), 100, 50, np.random.default_rng(1))
        packs = [pack for number in range(len(batches)) for pack in batches.shards(number, 2)]
        self.assertEqual(sum(len(pack.items) for pack in packs), len(histories.items))
        self.assertEqual(
            sum(len(pack.targets) for pack in packs), int((~histories.is_repeat).sum()) - histories.shoppers
        )
        for pack in packs:
            starts = pack.target_positions - pack.offsets[pack.target_positions]
            for position, first, target in zip(pack.target_positions, starts, pack.targets):
                self.assertNotIn(target, pack.items[first : position + 1])

    def test_recall_counts_what_is_found_and_ranks_ties_last(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Log.read(write_shop(Path(folder)))
        histories = Histories(log)
        validation = Validation(histories, int(np.median(log.time)))
        self.assertGreater(len(validation.queries), 30)

        def knowing(pack, positions):
            """Knows the next item of every query, in the order in which they are asked for."""
            scores = torch.zeros(len(positions), len(log.items))
            for row, position in enumerate(positions):
                matches = [
                    query
                    for query in validation.queries
                    if np.array_equal(
                        pack.items[position - pack.offsets[position] : position + 1],
                        histories.items[query - 1 - pack.offsets[position] : query],
                    )
                ]
                scores[row, [histories.items[query] for query in matches]] = 1
            return scores

        self.assertEqual(validation.recall(knowing, at=len(log.items)), 1.0)
        self.assertGreater(validation.recall(knowing), 0.95)
        self.assertEqual(
            validation.recall(lambda pack, positions: torch.zeros(len(positions), len(log.items)), at=3), 0.0
        )

    def test_the_rate_rises_and_stays_or_falls(self):
        self.assertEqual([rate(step, 2.0) for step in (0, 24, 49, 50, 9999)], [0.04, 1.0, 2.0, 2.0, 2.0])
        falling = [rate(step, 1.0, 100) for step in range(100)]
        self.assertEqual(max(falling), falling[20])
        self.assertTrue(0.05 <= falling[-1] < 0.06)


if __name__ == "__main__":
    distributed.init_process_group("gloo")
    found = gradients_and_steps(Path(sys.argv[1]))
    if distributed.get_rank() == 0:
        write_tensors(Path(sys.argv[2]), found)
    distributed.destroy_process_group()
