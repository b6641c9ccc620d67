#!/usr/bin/env python3
"""Other libraries at the work of `breadcrumb-bench retrieval`: the same vectors, one thread, the same table.

    breadcrumb-bench retrieval --model MODEL --events EVENTS --items 10000,100000 --export DIR --json DIR/ours.json
    python3 -m venv /tmp/libraries && /tmp/libraries/bin/pip install numpy scalable-vs hnswlib faiss-cpu scann
    OMP_NUM_THREADS=1 /tmp/libraries/bin/python ops/libraries/compare.py DIR [LIBRARY ...]

A LIBRARY is SVS, HNSW, ScaNN or IVF; all of them if none is named.

Prints for each catalogue and recall the cost of a user at the cheapest setting that reaches it, alone and in batches of 64, with the ratio to
the cheapest of ours. Libraries that are not installed are named and left out.
"""
import importlib
import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np

K = 20
BATCHES = (1, 64)
TARGETS = (0.98, 0.995)


def cpu(body):
    start = time.process_time()
    body()
    return time.process_time() - start


class HNSW:
    name = "hnswlib"

    def __init__(self, items):
        hnswlib = importlib.import_module("hnswlib")
        self.index = hnswlib.Index(space="ip", dim=items.shape[1])
        self.index.init_index(max_elements=len(items) + 1000, ef_construction=200, M=24)
        self.index.set_num_threads(1)
        self.index.add_items(items)

    def settings(self):
        return [20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 1000]

    def search(self, queries, setting):
        self.index.set_ef(setting)
        return self.index.knn_query(queries, K)[0]


class SVS:
    name = "SVS (Vamana, fp16)"

    def __init__(self, items):
        svs = importlib.import_module("svs")
        parameters = svs.VamanaBuildParameters(graph_max_degree=64, window_size=128, alpha=0.95)
        self.index = svs.Vamana.build(parameters, items.astype(np.float16), svs.DistanceType.MIP, num_threads=1)

    def settings(self):
        return [20, 24, 30, 40, 50, 64, 80, 100, 128, 160, 200, 300, 400]

    def search(self, queries, setting):
        self.index.search_window_size = setting
        return self.index.search(queries, K)[0]


class IVF:
    name = "faiss (IVF, SQ8, refined)"

    def __init__(self, items):
        faiss = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)
        lists = int(1.2 * len(items) ** 0.5)
        d = items.shape[1]
        quantizer = faiss.IndexFlatIP(d)
        base = faiss.IndexIVFScalarQuantizer(
            quantizer, d, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        base.train(items)
        self.base = base
        self.index = faiss.IndexRefineFlat(base)
        self.index.k_factor = 2
        self.index.add(items)

    def settings(self):
        return [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96]

    def search(self, queries, setting):
        self.base.nprobe = setting
        return self.index.search(queries, K)[1]


class ScaNN:
    name = "ScaNN (tree, AH, reordered)"

    def __init__(self, items):
        scann = importlib.import_module("scann")
        leaves = int(len(items) ** 0.5)
        self.index = (
            scann.scann_ops_pybind.builder(items, K, "dot_product")
            .tree(num_leaves=leaves, num_leaves_to_search=8, training_sample_size=min(len(items), 100_000))
            .score_ah(2, anisotropic_quantization_threshold=0.2)
            .reorder(100)
            .set_n_training_threads(1)
            .build())

    def settings(self):
        return [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96]

    def search(self, queries, setting):
        if len(queries) == 1:
            return self.index.search(queries[0], final_num_neighbors=K, leaves_to_search=setting)[0][None]
        return self.index.search_batched(queries, final_num_neighbors=K, leaves_to_search=setting)[0]


def recall(found, truth):
    return np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(found, truth)])


def measure(index, users, truth):
    """(batch, recall, microseconds of a user, setting) of every setting, until nothing is missing."""
    rows = []
    for setting in index.settings():
        found = [index.search(users[i : i + 64], setting) for i in range(0, len(users), 64)]
        share = recall(np.concatenate(found), truth)
        for batch in BATCHES:
            starts = range(0, len(users), batch)

            def run():
                for i in starts:
                    index.search(users[i : i + batch], setting)

            times = sorted(cpu(run) for _ in range(3))
            rows.append((batch, share, times[1] / len(users) * 1e6, setting))
        if share > 0.998:
            break
    return rows


def cheapest(rows, batch, target):
    good = [row for row in rows if row[0] == batch and row[1] >= target]
    return min(good, key=lambda row: row[2]) if good else None


def main(folder, wanted):
    ours = json.load(open(f"{folder}/ours.json"))["rows"]
    users = np.fromfile(f"{folder}/users.f32", dtype=np.float32)
    result = []
    for size in sorted({row["items"] for row in ours}):
        d = next(row["dimension"] for row in ours if row["items"] == size)
        items = np.fromfile(f"{folder}/items-{size}.f32", dtype=np.float32).reshape(-1, d)
        some = users.reshape(-1, d)[:1024]
        truth = np.concatenate([
            np.argsort(-(some[i : i + 32] @ items.T), axis=1, kind="stable")[:, :K].copy()
            for i in range(0, len(some), 32)])
        contenders = {"Breadcrumb": [
            (row["batch"], row["recall"], row["microseconds"], f"{row['what']}, {row['lists']} lists, breadth {row['breadth']}")
            for row in ours if row["items"] == size and row["what"] in ("flat", "inverted")]}
        built = {}
        for kind in (SVS, HNSW, ScaNN, IVF):
            if wanted and kind.__name__ not in wanted:
                continue
            try:
                start = time.monotonic()
                index = kind(items)
                built[kind.name] = time.monotonic() - start
            except ImportError as error:
                print(f"{kind.name} is left out: {error}", file=sys.stderr)
                continue
            contenders[kind.name] = measure(index, some, truth)
            del index
        for target in TARGETS:
            for batch in BATCHES:
                best = cheapest(contenders["Breadcrumb"], batch, target)
                for name, rows in contenders.items():
                    row = cheapest(rows, batch, target)
                    if row is None or best is None:
                        continue
                    result.append({
                        "items": size, "dimension": d, "recall": target, "batch": batch, "what": name,
                        "reached": round(float(row[1]), 4), "microseconds": round(row[2], 2), "setting": str(row[3]),
                        "ratio": round(row[2] / best[2], 2), "build": round(built.get(name, 0), 1)})
    print("| items | d | recall ≥ | users together | what | setting | recall | µs/user | times ours | build, s |")
    print("|---:|---:|---:|---:|---|---|---:|---:|---:|---:|")
    for row in result:
        print("| {items:,} | {dimension} | {recall} | {batch} | {what} | {setting} | {reached:.4f} | {microseconds:.1f} | {ratio} | {build} |".format(**row))
    json.dump(result, open(f"{folder}/libraries.json", "w"), indent=1)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
