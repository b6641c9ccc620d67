import Commerce
import Retrieval

/// The oracle: a dictionary of vectors, every score computed alone, everything sorted.
struct NaiveIndex {
    var vectors: [ItemID: [Float]] = [:]

    func search(
        _ query: [Float], k: Int, excluding: Set<ItemID>, adding extras: [ItemID: Float] = [:]
    ) -> [ScoredItem] {
        let scored = vectors.filter { !excluding.contains($0.key) }.map { item, vector in
            let dense = Self.score(query, vector)
            return ScoredItem(item: item, score: extras[item].map { dense + $0 } ?? dense)
        }
        return Array(scored.sorted { $0.score != $1.score ? $0.score > $1.score : $0.item < $1.item }.prefix(max(k, 0)))
    }

    /// The canonical sum: 16 partial sums by fused multiply-adds, added in halves.
    static func score(_ a: [Float], _ b: [Float]) -> Float {
        var sums = [Float](repeating: 0, count: 16)
        for i in a.indices { sums[i % 16].addProduct(a[i], b[i]) }
        for half in [8, 4, 2, 1] {
            for l in 0..<half { sums[l] += sums[l + half] }
        }
        return sums[0]
    }
}

/// A small deterministic generator (SplitMix64), so that a failure repeats.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func vector(_ dimension: Int) -> [Float] { (0..<dimension).map { _ in .random(in: -1...1, using: &self) } }

    /// A vector of few values, so that many scores are equal.
    mutating func coarseVector(_ dimension: Int) -> [Float] {
        (0..<dimension).map { _ in Float(Int.random(in: 0...1, using: &self)) }
    }
}

/// A result as bits, which tell 0 from -0.
func bits(_ lists: [[ScoredItem]]) -> [[String]] {
    lists.map { $0.map { "\($0.item.rawValue) \($0.score.bitPattern)" } }
}

extension ExactIndex {
    /// An index of these items, inserted in this order.
    init(dimension: Int, _ items: some Sequence<(key: ItemID, value: [Float])>) throws {
        self.init(dimension: dimension)
        for (item, vector) in items { try upsert(item, vector.span) }
    }

    /// A search with memory of its own.
    func search(_ queries: [[Float]], k: Int, excluding: [Set<ItemID>] = []) throws -> [[ScoredItem]] {
        let flat = queries.flatMap { $0 }
        return try search(queries: flat.span, k: k, excluding: excluding, scratch: makeScratch())
    }
}
