import Commerce
import LinearAlgebra

/// How a catalogue is indexed: into which lists, and how many of them a search looks into.
///
/// A plan is a function of the vectors it was made from and the recall that was asked for, whatever the processor and the order in
/// which items arrived: equal models have equal plans, and equal plans give equal lists.
public struct IndexPlan: Sendable {
    public let partition: Partition
    /// Lists that a search looks into, for each of `shares`.
    public let probes: [Int]
    /// Share of the exact best `k` that the sample's searches found without a filter; 1 for a flat scan.
    public let recall: Double
    /// Items it was made for.
    public var items: Int

    /// A filter leaves one item in so many, or more: what passes lies in more lists the rarer it is. Of fewer all are looked at.
    public static let shares = [1, 2, 8, 32, 128, 512]

    /// Up to so many items a flat scan costs no more than lists that miss hardly anything.
    private static let mostOfFlat = 8192
    /// A plan without lists for a sample of fewer users would be a guess.
    private static let leastUsers = 100
    /// Of the sample, so many are searched for under filters.
    private static let usersOfFilters = 256

    /// An empty index of this plan.
    public var index: InvertedIndex { InvertedIndex(partition, probes: probes) }

    /// The plan that loses nothing: one list.
    public static func flat(dimension: Int, items: Int) -> IndexPlan {
        IndexPlan(
            partition: .single(dimension: dimension), probes: shares.map { _ in 1 }, recall: 1, items: items)
    }

    /// Whether a catalogue has grown so much that another plan may serve it better: by half.
    public func isOutgrown(by count: Int) -> Bool { count > Self.mostOfFlat && 2 * count > 3 * items }

    /// Lists for so many items: a centroid costs as much as an item, and so does a list's beginning.
    package static func lists(of count: Int) -> Int {
        max(16, Int((1.2 * Double(count).squareRoot() / 16).rounded()) * 16)
    }

    /// Makes a plan for the items of an index and users like those of a sample [users, dimension], and indexes the items by it:
    /// the fewest lists to look into that find `recall` of the sample's exact best, or a flat scan where that is as cheap. On all
    /// cores, some seconds for a million items.
    ///
    /// - Parameters:
    ///   - recall: above 0; 1 means a flat scan.
    ///   - k: length of the lists, at least 1.
    /// - Returns: the plan and its index; where both are flat that is `index` itself.
    /// - Throws: `RetrievalError` for users that an index refuses.
    public static func make(
        for index: InvertedIndex, users: [Float], recall: Double, k: Int = 20
    ) throws(RetrievalError) -> (plan: IndexPlan, index: InvertedIndex) {
        let (count, dimension) = (index.count, index.dimension)
        let flat = flat(dimension: dimension, items: count)
        let exact = index.partition.lists == 1 ? index : try index.replanned(flat)
        guard count > mostOfFlat, recall < 1, users.count >= leastUsers * dimension else { return (flat, exact) }
        let ids = index.items.sorted()
        let partition = Partition.train(
            index.vectors(of: ids).span, dimension: dimension, lists: lists(of: count))
        var plan = IndexPlan(partition: partition, probes: [1], recall: 1, items: count)
        let filled = try index.replanned(plan)
        var probes: [Int] = []
        var found = 1.0
        for share in shares {
            let sample = Sample(
                users: share == 1 ? users[...] : users.prefix(usersOfFilters * dimension), k: k,
                filter: share == 1 ? nil : ItemFilter(.items(Set(ids.filter { isTaken($0, oneIn: share) }))))
            let (least, reached) = try sample.leastProbes(
                of: filled, above: probes.last ?? 1, truth: exact, recall: recall)
            probes.append(least)
            if share == 1 {
                // Where half of the lists must be looked into there is nothing to gain.
                guard 2 * least < partition.lists else { return (flat, exact) }
                found = reached
            }
        }
        plan = IndexPlan(partition: partition, probes: probes, recall: found, items: count)
        return (plan, filled.probing(probes))
    }

    private static func isTaken(_ item: ItemID, oneIn share: Int) -> Bool {
        Identifier.hash(item.rawValue) % UInt64(share) == 0
    }
}

/// Some users and a filter, to tune the number of lists by.
private struct Sample {
    /// [users, dimension]
    let users: ArraySlice<Float>
    let k: Int
    let filter: ItemFilter?

    /// The least number of lists that finds the wanted share of the truth, by halving, and what share that is.
    func leastProbes(
        of index: InvertedIndex, above least: Int, truth exact: InvertedIndex, recall: Double
    ) throws(RetrievalError) -> (probes: Int, recall: Double) {
        let truth = try search(exact)
        var (low, high) = (least - 1, index.partition.lists)
        var reached = 1.0
        while high - low > 1 {
            let middle = (low + high) / 2
            let share = Self.overlap(try search(index.probing(middle)), truth)
            if share >= recall { (high, reached) = (middle, share) } else { low = middle }
        }
        return (high, reached)
    }

    private func search(_ index: InvertedIndex) throws(RetrievalError) -> [[ScoredItem]] {
        try index.search(
            queries: users.span, k: k,
            filters: filter.map { [ItemFilter](repeating: $0, count: users.count / index.dimension) } ?? [],
            excluding: [Set<ItemID>](), adding: ExtraScores(), scratch: index.makeScratch())
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
    package func replanned(_ plan: IndexPlan) throws(RetrievalError) -> InvertedIndex {
        var index = plan.index
        for item in items { try index.copy(item, from: self) }
        return index
    }

    /// Takes an item as another index holds it, or loses it with that one.
    public mutating func copy(_ item: ItemID, from other: InvertedIndex) throws(RetrievalError) {
        remove(item)
        guard let vector = other.vector(of: item), let attributes = other.attributes(of: item) else { return }
        try upsert(item, vector.vector.span, attributes, number: vector.number)
    }

    /// The vectors of held items [items, dimension].
    fileprivate func vectors(of items: [ItemID]) -> [Float] {
        var vectors: [Float] = []
        vectors.reserveCapacity(items.count * dimension)
        for item in items { vectors += vector(of: item)?.vector ?? [] }
        return vectors
    }
}
