import Commerce
import Foundation
import LinearAlgebra
import Retrieval

/// One measured line: what was run, under which settings, and what it cost.
struct RetrievalRow: Codable, CustomStringConvertible {
    /// `exact`, `flat`, `inverted`, or `sgemm and select` (the baseline).
    var what: String
    var instructions: String
    var items: Int
    var dimension: Int
    var lists: Int
    /// Regions and lists that a search begins with, and its slack; empty where there is nothing to choose.
    var breadth: String
    /// Users searched together.
    var batch: Int
    /// Share of the exact top 20 that is found.
    var recall: Double
    /// CPU time per user of one thread: the median of the rounds.
    var microseconds: Double
    /// Of vectors and codes.
    var megabytes: Double
    /// Seconds by the clock, for centroids on all cores and items on one.
    var buildSeconds: Double
    /// CPU time of one added or replaced item.
    var changeMicroseconds: Double

    var description: String {
        let columns = [what, "\(items)", "\(dimension)", "\(lists)", breadth, "\(batch)"]
        return columns.map { $0.padding(toLength: 17, withPad: " ", startingAt: 0) }.joined()
            + String(
                format: "%7.4f %10.2f µs %8.1f MB %7.1f s %8.2f µs", recall, microseconds, megabytes, buildSeconds,
                changeMicroseconds)
    }
}

/// Costs and recall of the indexes over the same vectors, each search paired with its sgemm baseline in the same run.
struct RetrievalBenchmark {
    let vectors: RetrievalVectors
    let rounds: Int
    private let k = 20
    /// Users of one timed round, and those whose lists are compared with the exact ones.
    private let most = 1024

    init(vectors: RetrievalVectors, rounds: Int) {
        self.vectors = vectors
        self.rounds = rounds
    }

    private var d: Int { vectors.dimension }
    private var users: Int { min(most, vectors.users.count / d) }
    /// [users, d]
    private var queries: ArraySlice<Float> { vectors.users.prefix(users * d) }

    /// All rows of one catalogue.
    func run(items count: Int, batches: [Int]) throws -> [RetrievalRow] {
        Blas.useCallingThreadOnly()
        let items = vectors.items(count)
        var exact = ExactIndex(dimension: d)
        var row = RetrievalRow(
            what: "exact", instructions: "\(InstructionSet.current)", items: count, dimension: d, lists: 1, breadth: "",
            batch: 0, recall: 1, microseconds: 0, megabytes: 0, buildSeconds: 0, changeMicroseconds: 0)
        (row.buildSeconds, row.changeMicroseconds) = try fill(&exact, items)
        row.megabytes = Double(exact.vectorBytes) / 1e6
        let truth = try exact.search(
            queries: queries.span, k: k, scratch: exact.makeScratch())
        var rows = try measure(exact, row, truth, batches)
        var baseline = row
        baseline.what = "sgemm and select"
        for batch in batches {
            baseline.batch = batch
            baseline.microseconds = median((0..<rounds).map { _ in sgemm(items, batch: batch) })
            rows.append(baseline)
        }
        let (flat, flatRow) = try fill(.single(dimension: d), items, row, "flat")
        rows += try measure(flat, flatRow, truth, batches)
        let clock = ContinuousClock.now
        let partition = Partition.train(items.span, dimension: d, items: count)
        let seconds = (ContinuousClock.now - clock) / .seconds(1)
        var (index, indexRow) = try fill(partition, items, row, "inverted")
        indexRow.buildSeconds += seconds
        let tuning = try BreadthTuning(users: Array(queries), k: k, truth: flat)
        for recall in Self.recalls {
            index = index.looking(try tuning.cheapest(reaching: recall, in: index).breadth)
            indexRow.breadth = "\(index.breadth)"
            rows += try measure(index, indexRow, truth, batches)
        }
        return rows
    }

    /// For each of these the breadth is tuned as that of a plan is, but on the very users whose lists are measured.
    private static let recalls = [0.98, 0.99, 0.995, 0.998]

    /// An index of all items, and a row that tells of it.
    private func fill(
        _ partition: Partition, _ items: [Float], _ row: RetrievalRow, _ what: String
    ) throws -> (InvertedIndex, RetrievalRow) {
        var (index, row) = (InvertedIndex(partition), row)
        (row.buildSeconds, row.changeMicroseconds) = try fill(&index, items)
        row.megabytes = Double(index.vectorBytes) / 1e6
        (row.what, row.lists) = (what, partition.lists)
        return (index, row)
    }

    /// Enters all items; seconds of that, and microseconds of a later change.
    private func fill<Index: ItemIndex>(_ index: inout Index, _ items: [Float]) throws -> (Double, Double) {
        let (span, count) = (items.span, items.count / d)
        let start = ContinuousClock.now
        for i in 0..<count {
            try index.upsert(ItemID("item-\(i)"), span.extracting(i * d..<(i + 1) * d), number: Int32(i))
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let changes = min(2000, count)
        let change = try microseconds {
            for i in 0..<changes {
                let (item, source) = (i * 7919 % count, (i + 1) * 104_729 % count)
                try index.upsert(ItemID("item-\(item)"), span.extracting(source * d..<(source + 1) * d), number: nil)
            }
        }
        for i in 0..<changes {
            let item = i * 7919 % count
            try index.upsert(ItemID("item-\(item)"), span.extracting(item * d..<(item + 1) * d), number: nil)
        }
        return (seconds, change / Double(changes))
    }

    private func measure<Index: ItemIndex>(
        _ index: Index, _ row: RetrievalRow, _ truth: [[ScoredItem]], _ batches: [Int]
    ) throws -> [RetrievalRow] {
        let scratch = index.makeScratch()
        func search(_ batch: Int, _ take: ([[ScoredItem]]) -> Void) throws {
            for first in stride(from: 0, to: users, by: batch) {
                let part = queries.span.extracting(first * d..<min(first + batch, users) * d)
                take(try index.search(queries: part, k: k, scratch: scratch))
            }
        }
        return try batches.map { batch in
            var row = row
            row.batch = batch
            var lists: [[ScoredItem]] = []
            try search(batch) { lists += $0 }
            let hits = zip(lists, truth).reduce(0) { sum, pair in
                sum + Set(pair.0.map(\.item)).intersection(pair.1.map(\.item)).count
            }
            row.recall = Double(hits) / Double(truth.reduce(0) { $0 + $1.count })
            row.microseconds = median(
                try (0..<rounds).map { _ in try microseconds { try search(batch) { _ in } } / Double(users) })
            return row
        }
    }

    /// Scores by BLAS, 1,024 items at a time, and the k best of each user by insertion: what one would write first.
    private func sgemm(_ items: [Float], batch: Int) -> Double {
        let users = min(users, 4 * batch)
        return microseconds {
            for first in stride(from: 0, to: users, by: batch) {
                baseline(
                    items, queries.span.extracting(first * d..<min(first + batch, users) * d), dimension: d, k: k)
            }
        } / Double(users)
    }
}

/// Scores by BLAS and the k best of each user by insertion; returns the sum of the last scores kept.
@discardableResult
private func baseline(_ items: [Float], _ queries: Span<Float>, dimension: Int, k: Int) -> Float {
    let (users, total, block) = (queries.count / dimension, items.count / dimension, 1024)
    var scores = [Float](repeating: 0, count: users * block)
    var best = [[(score: Float, item: Int)]](repeating: [], count: users)
    for first in stride(from: 0, to: total, by: block) {
        let count = min(block, total - first)
        items.withUnsafeBufferPointer { items in
            queries.withUnsafeBufferPointer { queries in
                scores.withUnsafeMutableBufferPointer { scores in
                    guard let v = items.baseAddress, let q = queries.baseAddress, let s = scores.baseAddress else {
                        return
                    }
                    Blas.multiply(
                        MatrixView(reading: q, rows: users, columns: dimension), .plain,
                        MatrixView(reading: v + first * dimension, rows: count, columns: dimension), .transposed,
                        into: MatrixView(s, rows: users, columns: count))
                    for u in 0..<users {
                        for j in 0..<count where best[u].count < k || s[u * count + j] > best[u][k - 1].score {
                            let score = s[u * count + j]
                            if best[u].count == k { best[u].removeLast() }
                            let place = best[u].firstIndex { $0.score < score } ?? best[u].count
                            best[u].insert((score, first + j), at: place)
                        }
                    }
                }
            }
        }
    }
    return best.reduce(0) { $0 + ($1.last?.score ?? 0) }
}

/// CPU time of the calling thread that `body` took.
func microseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ProcessorTime.ofThisThread()
    try body()
    return Double(ProcessorTime.ofThisThread() - start) / 1000
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
