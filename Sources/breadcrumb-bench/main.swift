for row in try retrievalBenchmark() { print(row) }
