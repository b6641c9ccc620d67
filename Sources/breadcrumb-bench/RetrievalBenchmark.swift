import Commerce
import Foundation
import LinearAlgebra
import Retrieval
import TwoTower

/// One measured line: what was run, under which settings, and what it cost.
struct RetrievalRow: Codable, CustomStringConvertible {
    /// `exact`, `exact, 100 excluded`, `sgemm and select` (the baseline), `change` or `snapshot and change`.
    var what: String
    var instructions: String
    var items: Int
    var dimension: Int
    var k: Int
    /// Users searched together.
    var batch: Int
    /// CPU time per user, or per change, of one thread: the median of the rounds.
    var microseconds: Double

    var description: String {
        let columns = [what, instructions, "\(items)", "\(dimension)", "\(k)", "\(batch)"]
        return columns.map { $0.padding(toLength: 21, withPad: " ", startingAt: 0) }.joined()
            + String(format: "%10.2f µs", microseconds)
    }
}

/// Costs of retrieval on one thread, each index search paired with its sgemm baseline in the same round.
///
/// Vectors and queries are drawn from a normal distribution: the exact index's cost does not depend on their shape. The
/// baseline is what one would write first: scores of all users and a block of items by BLAS, then a scan that keeps the k best.
func retrievalBenchmark(
    items sizes: [Int] = [10_000, 100_000], dimension: Int = 64, k: Int = 20, batches: [Int] = [1, 16, 256],
    rounds: Int = 7
) throws -> [RetrievalRow] {
    Blas.useCallingThreadOnly()
    var generator = SplitMix64(seed: 1)
    var rows: [RetrievalRow] = []
    for size in sizes {
        let vectors = normal(size * dimension, &generator)
        var index = ExactIndex(dimension: dimension)
        for i in 0..<size {
            try index.upsert(ItemID("item-\(i)"), vectors.span.extracting(i * dimension..<(i + 1) * dimension))
        }
        for batch in batches {
            let queries = normal(batch * dimension, &generator)
            rows += try searches(
                of: index, vectors, queries, k: k, rounds: rounds, portable: batch == batches.dropFirst().first)
        }
        rows += try changes(of: index, vectors, rounds: rounds)
    }
    return rows
}

/// Costs of a search per user, at each level of instructions, with and without purchases to leave out, and of the baseline.
///
/// `portable` asks for the portable level too, which emulates the fused multiply-add on x86-64 and takes its time.
private func searches(
    of index: ExactIndex, _ vectors: [Float], _ queries: [Float], k: Int, rounds: Int, portable: Bool
) throws -> [RetrievalRow] {
    let (dimension, users) = (index.dimension, queries.count / index.dimension)
    let scratch = index.makeScratch()
    let purchases = (0..<users).map { user in (0..<100).map { ItemID("item-\((user * 31 + $0 * 7919) % index.count)") }
    }
    let levels = InstructionSet.available.filter { $0 != .portable || portable }
    var contenders = levels.flatMap { level in
        [[], purchases].map { excluded in
            (
                what: excluded.isEmpty ? "exact" : "exact, 100 excluded", instructions: "\(level)",
                run: {
                    try level.whileInForce {
                        try microseconds {
                            _ = try index.search(queries: queries.span, k: k, excluding: excluded, scratch: scratch)
                        }
                    } ?? .nan
                }
            )
        }
    }
    contenders.append(
        (
            what: "sgemm and select", instructions: "OpenBLAS",
            run: { microseconds { baseline(vectors, queries, dimension: dimension, k: k) } }
        ))
    var times = [[Double]](repeating: [], count: contenders.count)
    for _ in 0..<rounds {
        for (place, contender) in contenders.enumerated() { times[place].append(try contender.run() / Double(users)) }
    }
    return zip(contenders, times).map { contender, times in
        RetrievalRow(
            what: contender.what, instructions: contender.instructions, items: index.count, dimension: dimension, k: k,
            batch: users, microseconds: median(times))
    }
}

/// Costs of one change alone, and of one that follows a snapshot and therefore copies what it touches.
private func changes(of original: ExactIndex, _ vectors: [Float], rounds: Int) throws -> [RetrievalRow] {
    let (dimension, size, count) = (original.dimension, original.count, 500)
    var index = original
    return try [false, true].map { snapshots in
        var times: [Double] = []
        for round in 0..<rounds {
            var held: [ExactIndex] = []
            times.append(
                try microseconds {
                    for i in 0..<count {
                        if snapshots { held = [index] }
                        let (item, source) = (i * 7919 % size, (i + round + 1) * 104_729 % size)
                        let vector = vectors.span.extracting(source * dimension..<(source + 1) * dimension)
                        try index.upsert(ItemID("item-\(item)"), vector)
                    }
                } / Double(count))
            held.removeAll()
        }
        return RetrievalRow(
            what: snapshots ? "snapshot and change" : "change", instructions: "\(InstructionSet.current)", items: size,
            dimension: dimension, k: 0, batch: 1, microseconds: median(times))
    }
}

/// Scores by BLAS, 1,024 items at a time, and the k best of each user by insertion; returns the sum of the last scores kept.
@discardableResult
private func baseline(_ vectors: [Float], _ queries: [Float], dimension: Int, k: Int) -> Float {
    let (users, items, block) = (queries.count / dimension, vectors.count / dimension, 1024)
    var scores = [Float](repeating: 0, count: users * block)
    var best = [[(score: Float, item: Int)]](repeating: [], count: users)
    for first in stride(from: 0, to: items, by: block) {
        let count = min(block, items - first)
        vectors.withUnsafeBufferPointer { vectors in
            queries.withUnsafeBufferPointer { queries in
                scores.withUnsafeMutableBufferPointer { scores in
                    guard let v = vectors.baseAddress, let q = queries.baseAddress, let s = scores.baseAddress else {
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
private func microseconds(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }
    let start = now()
    try body()
    return now() - start
}

private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// Standard normal numbers (Box and Muller).
private func normal(_ count: Int, _ generator: inout SplitMix64) -> [Float] {
    (0..<count).map { _ in
        let (u, v) = (Double.random(in: 1e-12..<1, using: &generator), Double.random(in: 0..<1, using: &generator))
        return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
    }
}
