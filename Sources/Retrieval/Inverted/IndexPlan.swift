import Commerce
import LinearAlgebra

/// How a catalogue is indexed: into which lists, and how many of them a search looks into.
///
/// A plan is a function of the vectors it was made from and the recall that was asked for, whatever the processor: equal
/// models have equal plans, and equal plans give equal lists.
public struct IndexPlan: Sendable {
    public let partition: Partition
    /// Lists that a search looks into.
    public let probes: Int
    /// Share of the exact best `k` that the sample's searches found; 1 for a flat scan.
    public let recall: Double
    /// Items it was made for.
    public var items: Int

    /// Up to so many items a flat scan costs no more than lists that miss hardly anything.
    private static let mostOfFlat = 8192
    /// A plan without lists for a sample of fewer users would be a guess.
    private static let leastUsers = 100

    /// An empty index of this plan.
    public var index: InvertedIndex { InvertedIndex(partition, probes: probes) }

    /// The plan that loses nothing: one list.
    public static func flat(dimension: Int, items: Int) -> IndexPlan {
        IndexPlan(partition: .single(dimension: dimension), probes: 1, recall: 1, items: items)
    }

    /// Makes a plan for items [items, dimension] and users like those of a sample [users, dimension]: the fewest lists to look
    /// into that find `recall` of the sample's exact best, or a flat scan where that is as cheap. On all cores, some seconds for
    /// a million items.
    ///
    /// - Parameters:
    ///   - recall: above 0; 1 means a flat scan.
    ///   - k: length of the lists, at least 1.
    /// - Throws: `RetrievalError` for vectors that an index refuses.
    public static func make(
        items: Span<Float>, users: Span<Float>, dimension: Int, recall: Double, k: Int = 20
    ) throws(RetrievalError) -> IndexPlan {
        let count = items.count / dimension
        let flat = flat(dimension: dimension, items: count)
        guard count > mostOfFlat, recall < 1, users.count >= leastUsers * dimension else { return flat }
        let partition = Partition.train(items, dimension: dimension, lists: lists(of: count))
        let truth = try lists(flat.index, items, users, k)
        var index = InvertedIndex(partition, probes: 1)
        try index.fill(items)
        // The least number of lists, by halving.
        var (low, high) = (0, partition.lists)
        var reached = 1.0
        while high - low > 1 {
            let middle = (low + high) / 2
            let found = try search(index.probing(middle), users, k)
            let share = overlap(found, truth)
            if share >= recall { (high, reached) = (middle, share) } else { low = middle }
        }
        // Where half of the lists must be looked into there is nothing to gain.
        guard 2 * high < partition.lists else { return flat }
        return IndexPlan(partition: partition, probes: high, recall: reached, items: count)
    }

    /// A plan for the items of an index: the same whatever the order in which they arrived.
    public static func make(
        for index: InvertedIndex, users: Span<Float>, recall: Double, k: Int = 20
    ) throws(RetrievalError) -> IndexPlan {
        var vectors: [Float] = []
        vectors.reserveCapacity(index.count * index.dimension)
        for item in index.items.sorted() { vectors += index.vector(of: item)?.vector ?? [] }
        return try make(items: vectors.span, users: users, dimension: index.dimension, recall: recall, k: k)
    }

    /// Whether a catalogue has grown so much that another plan may serve it better: by half.
    public func isOutgrown(by count: Int) -> Bool { count > Self.mostOfFlat && 2 * count > 3 * items }

    /// Lists for so many items: a centroid costs as much as an item, and so does a list's beginning.
    package static func lists(of count: Int) -> Int {
        max(16, Int((1.2 * Double(count).squareRoot() / 16).rounded()) * 16)
    }

    private static func lists(
        _ empty: InvertedIndex, _ items: Span<Float>, _ users: Span<Float>, _ k: Int
    ) throws(RetrievalError) -> [[ScoredItem]] {
        var index = empty
        try index.fill(items)
        return try search(index, users, k)
    }

    private static func search(
        _ index: InvertedIndex, _ users: Span<Float>, _ k: Int
    ) throws(RetrievalError) -> [[ScoredItem]] {
        try index.search(queries: users, k: k, excluding: [Set<ItemID>](), scratch: index.makeScratch())
    }

    /// Share of the truth's items that are found.
    private static func overlap(_ found: [[ScoredItem]], _ truth: [[ScoredItem]]) -> Double {
        var (hits, all) = (0, 0)
        for (found, truth) in zip(found, truth) {
            let items = Set(found.map(\.item))
            hits += truth.count { items.contains($0.item) }
            all += truth.count
        }
        return all > 0 ? Double(hits) / Double(all) : 1
    }
}

extension InvertedIndex {
    /// The same items by another plan.
    public func replanned(_ plan: IndexPlan) throws(RetrievalError) -> InvertedIndex {
        var index = plan.index
        for item in items {
            if let (vector, number) = vector(of: item) { try index.upsert(item, vector.span, number: number) }
        }
        return index
    }

    /// Enters vectors [count, dimension] under their numbers.
    fileprivate mutating func fill(_ vectors: Span<Float>) throws(RetrievalError) {
        for number in 0..<vectors.count / dimension {
            try upsert(
                ItemID(String(number)), vectors.extracting(number * dimension..<(number + 1) * dimension),
                number: nil)
        }
    }
}
