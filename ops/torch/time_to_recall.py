"""How long training takes to a given recall: `breadcrumb train` against SASRec, one after the other on the same cores.

    python time_to_recall.py --events events.tsv.gz --breadcrumb .build/release/breadcrumb --out FILE.json

Both train on the first nine tenths of the events and are measured after each epoch on the last tenth (recall@10 of the
next new item), with item ids alone. The seconds are those of training: reading the file and measuring recall are not
counted, ours hold the start from co-occurrences. Settings are fixed beforehand on both sides: of our curve the first
candidate counts. The target is the best recall that SASRec reaches.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from encoders import quantile_time
from sasrec import Settings, Training
from shop import Log


def our_curve(program: Path, events: Path, options: list[str]) -> list[dict]:
    """Epochs of validation as `curve.json` of a checkpoint has them: those of the settings that were tried first."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        subprocess.run(
            [str(program.absolute()), "train", "--events", str(events), "--model", str(model), *options],
            check=True,
            stdout=sys.stderr,
        )
        curve = [epoch for epoch in json.loads((model / "curve.json").read_text()) if epoch["stage"] == "validating"]
    if not curve:
        sys.exit(f"error: {events}: breadcrumb found too few events to validate on")
    return [epoch for epoch in curve if all(epoch[name] == curve[0][name] for name in ("dimension", "dropout"))]


def seconds_to(curve: list[dict], recall: float) -> float | None:
    """Seconds of training until the first epoch that reached it."""
    return next((epoch["seconds"] for epoch in curve if epoch["recall"] >= recall), None)


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{len(os.sched_getaffinity(0))} x {name}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--breadcrumb", type=Path, required=True, help="the program")
    parser.add_argument(
        "--option", action="append", default=[], help="of `breadcrumb train`, as --option=--dimension=64"
    )
    parser.add_argument("--out", type=Path, help="file for both curves and the comparison, as JSON")
    parser.add_argument("--seconds", type=float, help="SASRec begins no epoch after so many seconds of training")
    for field in dataclasses.fields(Settings):
        parser.add_argument("--sasrec-" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    options = parser.parse_args()
    settings = Settings(
        **{field.name: getattr(options, "sasrec_" + field.name) for field in dataclasses.fields(Settings)}
    )
    ours = our_curve(options.breadcrumb, options.events, options.option or ["--dimension=64"])
    log = Log.read(options.events)
    theirs = [vars(epoch) for epoch in Training(log, quantile_time(log, 0.9), None, settings).run(options.seconds)]
    best = max(epoch["recall"] for epoch in theirs)
    rows = []
    for share in (0.8, 0.9, 0.95, 1.0):
        our_seconds, their_seconds = seconds_to(ours, share * best), seconds_to(theirs, share * best)
        ratio = our_seconds / their_seconds if our_seconds is not None else None
        rows.append({"recall": share * best, "breadcrumb": our_seconds, "sasrec": their_seconds, "ratio": ratio})
    print("recall@10   breadcrumb      SASRec   ratio")
    for row in rows:
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.3f}"
        mine = "never" if row["breadcrumb"] is None else f"{row['breadcrumb']:.1f} s"
        print(f"{row['recall']:9.4f} {mine:>12} {row['sasrec']:9.1f} s   {ratio}")
    if options.out:
        report = {
            "events": options.events.name,
            "machine": processor(),
            "threads": torch.get_num_threads(),
            "pytorch": torch.__version__,
            "sasrecSettings": vars(settings),
            "breadcrumbOptions": options.option,
            "comparison": rows,
            "breadcrumb": ours,
            "sasrec": theirs,
        }
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
