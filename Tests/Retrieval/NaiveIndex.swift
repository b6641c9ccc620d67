import Commerce
import Retrieval

/// The oracle: a dictionary of vectors, every score computed alone, everything sorted.
struct NaiveIndex {
    var vectors: [ItemID: [Float]] = [:]
    var attributes: [ItemID: ItemAttributes] = [:]

    func search(
        _ query: [Float], k: Int, excluding: Set<ItemID> = [], adding extras: [ItemID: Float] = [:],
        where condition: ItemCondition = .all([])
    ) -> [ScoredItem] {
        let allowed = vectors.filter {
            !excluding.contains($0.key)
                && condition.holds(for: $0.key, attributes[$0.key] ?? .unknown, isNew: true)
        }
        let scored = allowed.map { item, vector in
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

/// The implementations, each set up to miss nothing.
enum IndexKind: CaseIterable {
    case exact
    case flat
    /// Seven lists, all of them looked into.
    case inverted
    /// Some sixty lists in twenty regions, likewise.
    case regions

    func make(dimension: Int, _ items: [(key: ItemID, value: [Float])] = []) throws -> any ItemIndex {
        var index: any ItemIndex =
            switch self {
            case .exact: ExactIndex(dimension: dimension)
            case .flat: InvertedIndex(.single(dimension: dimension))
            case .inverted: InvertedIndex(.ofTests(dimension: dimension))
            case .regions: InvertedIndex(.ofTests(dimension: dimension, lists: 60, regions: 20))
            }
        for (item, vector) in items { try index.upsert(item, vector.span) }
        return index
    }
}

extension ItemIndex {
    /// A search with memory of its own.
    func search(
        _ queries: [[Float]], k: Int, filter: ItemFilter? = nil, excluding: [Set<ItemID>] = []
    ) throws -> [[ScoredItem]] {
        let flat = queries.flatMap { $0 }
        return try search(
            queries: flat.span, k: k, filters: filter.map { [ItemFilter](repeating: $0, count: queries.count) } ?? [],
            excluding: excluding.map { ItemExclusions($0) }, adding: ExtraScores(), scratch: makeScratch())
    }
}

extension Partition {
    /// Lists of random vectors.
    static func ofTests(dimension: Int, lists: Int = 7, regions: Int = 1) -> Partition {
        var generator = Generator(state: 3)
        let vectors = (0..<200).flatMap { _ in generator.vector(dimension) }
        return train(vectors.span, dimension: dimension, lists: lists, regions: regions)
    }
}
