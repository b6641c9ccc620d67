#!/usr/bin/env python3
"""recall@10 of the `implicit` library's ALS on the streaming protocol's test queries: what our own is held against.

usage: als_check.py EVENTS.tsv.gz FACTORS ALPHA REGULARISATION [SEEDS]      (needs: pip install implicit numpy scipy)
Trains on everything before the test period, folds every query's user in from the full history, removes the history, lets
ties rank last; a line per seed, then mean and standard deviation."""
import csv, gzip, os, sys
os.environ['OPENBLAS_NUM_THREADS'] = '1'
import numpy as np, scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares

path, factors, alpha, regularisation = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
seeds = int(sys.argv[5]) if len(sys.argv) > 5 else 5
rows = [(r['user_id'], r['item_id'], int(r['timestamp'])) for r in csv.DictReader(gzip.open(path, 'rt'), delimiter='\t')]
times = sorted(r[2] for r in rows)
start = times[int(len(rows) * .9)]
users, items, histories = {}, {}, {}
pairs = []
for user, item, time in rows:
    user, item = users.setdefault(user, len(users)), items.setdefault(item, len(items))
    histories.setdefault(user, []).append((item, time))
    if time < start: pairs.append((user, item))
queries = []
for user, history in histories.items():
    seen, count = set(), 0
    for k, (item, time) in enumerate(history):
        if k and time >= start and item not in seen and count < 10:
            queries.append(([i for i, _ in history[:k]], item)); count += 1
        seen.add(item)

def matrix(pairs, shape):
    rows, columns = zip(*pairs)
    result = sp.csr_matrix((np.ones(len(pairs), np.float32), (rows, columns)), shape=shape)
    result.sum_duplicates()
    return result

training = matrix(pairs, (len(users), len(items)))
folded = matrix([(q, i) for q, (history, _) in enumerate(queries) for i in history], (len(queries), len(items)))
known = np.asarray(training.sum(axis=0)).ravel() > 0
recalls = []
for seed in range(seeds):
    model = AlternatingLeastSquares(factors, regularization=regularisation, alpha=alpha, random_state=seed)
    model.fit(training, show_progress=False)
    vectors = model.recalculate_user(np.arange(len(queries)), folded)
    hits = 0
    for first in range(0, len(queries), 512):
        block = queries[first:first + 512]
        scores = vectors[first:first + 512] @ model.item_factors.T
        scores[:, ~known] = -np.inf
        for row, (history, target) in zip(scores, block):
            row[history] = -np.inf
            hits += row[target] > -np.inf and (row >= row[target]).sum() <= 10
    recalls.append(hits / len(queries))
    print(f'seed {seed}: recall@10 {recalls[-1]:.5f} of {len(queries)} queries', flush=True)
print(f'mean {np.mean(recalls):.5f}, standard deviation {np.std(recalls, ddof=1) if seeds > 1 else 0:.5f}')
