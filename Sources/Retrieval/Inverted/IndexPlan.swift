import Commerce
import LinearAlgebra

/// How a catalogue is indexed: into which lists, and what a list must promise for a search to look into it.
///
/// A plan is a function of the vectors it was made from and the recall that was asked for, whatever the processor and the order in
/// which items arrived: equal models have equal plans, and equal plans give equal lists.
public struct IndexPlan: Sendable {
    public let partition: Partition
    /// See `InvertedIndex.slack`.
    public let slack: Float
    /// See `InvertedIndex.filteredSlack`.
    public let filteredSlack: Float
    /// Share of the exact best `k` that the sample's searches found; 1 for a flat scan.
    public let recall: Double
    /// Lists that the sample's searches looked into, on average.
    public let looks: Double
    /// Items it was made for.
    public var items: Int

    /// Up to so many items a flat scan costs no more than lists that miss hardly anything.
    private static let mostOfFlat = 8192
    /// A plan without lists for a sample of fewer users would be a guess.
    private static let leastUsers = 100
    /// Slacks are so many to a unit, and at most so large; beyond that lists tell nothing.
    private static let slackParts = 32
    /// Parts of a catalogue, of which every second one makes a half.
    private static let parts = 64
    static let mostSlack: Float = 4

    /// A plan of what is given, unchecked.
    package init(
        partition: Partition, slack: Float, filteredSlack: Float, recall: Double, looks: Double, items: Int
    ) {
        self.partition = partition
        (self.slack, self.filteredSlack) = (slack, filteredSlack)
        (self.recall, self.looks) = (recall, looks)
        self.items = items
    }

    /// An empty index of this plan.
    public var index: InvertedIndex { InvertedIndex(partition).looking(slack: slack, filtered: filteredSlack) }

    /// The plan that loses nothing: one list.
    public static func flat(dimension: Int, items: Int) -> IndexPlan {
        IndexPlan(
            partition: .single(dimension: dimension), slack: .infinity, filteredSlack: .infinity, recall: 1, looks: 1,
            items: items)
    }

    /// Whether a catalogue has grown so much that another plan may serve it better: by half.
    public func isOutgrown(by count: Int) -> Bool { count > Self.mostOfFlat && 2 * count > 3 * items }

    /// Makes a plan for the items of an index and users like those of a sample [users, dimension], and indexes the items by it: the
    /// least slack that finds `recall` of the sample's exact best, or a flat scan where that is as cheap. On all cores, some
    /// seconds for a million items.
    ///
    /// The slack for users with a filter is the least that does so in a half of the catalogue made of whole parts: filters that take
    /// away what lies next to a user are harder than none, and than such as fall on all alike.
    ///
    /// A large catalogue's lists lie in regions unless its vectors do not: where searches of the sample go through more codes than the
    /// centroids of lists in one region and the rows of the first lists, one region is taken.
    ///
    /// - Parameters:
    ///   - recall: above 0; 1 means a flat scan.
    ///   - k: length of the lists, at least 1.
    /// - Returns: the plan and its index; where the plan and `index` are flat that is `index` itself.
    /// - Throws: `RetrievalError` for users that an index refuses.
    public static func make(
        for index: InvertedIndex, users: [Float], recall: Double, k: Int = 20
    ) throws(RetrievalError) -> (plan: IndexPlan, index: InvertedIndex) {
        try make(for: index, users: users, recall: recall, k: k, regionsAbove: Partition.mostOfOneRegion)
    }

    /// The same with regions above another number of items.
    package static func make(
        for index: InvertedIndex, users: [Float], recall: Double, k: Int = 20, regionsAbove most: Int
    ) throws(RetrievalError) -> (plan: IndexPlan, index: InvertedIndex) {
        let (count, dimension) = (index.count, index.dimension)
        let flat = flat(dimension: dimension, items: count)
        let exact = index.partition.lists == 1 ? index : try index.replanned(flat)
        guard count > mostOfFlat, recall < 1, users.count >= leastUsers * dimension else { return (flat, exact) }
        let vectors = index.vectors(of: index.items.sorted())
        let whole = try Sample(users: users, k: k, filter: nil, truth: exact)
        func tune(inRegions: Bool) throws(RetrievalError) -> (index: InvertedIndex, slack: Float, found: Sample.Found) {
            var filled = InvertedIndex(
                Partition.train(vectors.span, dimension: dimension, items: count, inRegions: inRegions))
            for item in index.items { try filled.copy(item, from: index) }
            let (slack, found) = try leastSlack(reaching: recall, in: whole, of: filled)
            return (filled, slack, found)
        }
        let lists = Partition.lists(of: count)
        let leastCodes = Double(lists + InvertedIndex.firstLists * count / lists)
        var tuned = try tune(inRegions: count > most)
        if count > most, tuned.found.codes > leastCodes { tuned = try tune(inRegions: false) }
        // Where half of the lists must be looked into there is nothing to gain.
        guard 2 * tuned.found.looks < Double(tuned.index.partition.lists) else { return (flat, exact) }
        let parts = tuned.index.partition.parts(Self.parts)
        let half = ItemFilter(.items(Set(tuned.index.items(ofLists: { parts[$0] % 2 == 1 }))))
        let halved = try Sample(users: users, k: k, filter: half, truth: exact)
        let (filteredSlack, _) = try leastSlack(reaching: recall, in: halved, of: tuned.index)
        let plan = IndexPlan(
            partition: tuned.index.partition, slack: tuned.slack, filteredSlack: max(tuned.slack, filteredSlack),
            recall: tuned.found.recall, looks: tuned.found.looks, items: count)
        return (plan, tuned.index.looking(slack: plan.slack, filtered: plan.filteredSlack))
    }

    /// The least slack with which a sample's searches find so much, by halving, and what they find; the largest slack stands for a look
    /// at everything.
    private static func leastSlack(
        reaching recall: Double, in sample: Sample, of index: InvertedIndex
    ) throws(RetrievalError) -> (slack: Float, found: Sample.Found) {
        var (low, high) = (0, Int(mostSlack) * slackParts)
        var found = Sample.Found(
            recall: 1, looks: Double(index.partition.lists), codes: Double(index.partition.lists + index.count))
        while high - low > 1 {
            let middle = (low + high) / 2
            let reached = try sample.search(index.looking(slack: Float(middle) / Float(slackParts)))
            if reached.recall >= recall { (high, found) = (middle, reached) } else { low = middle }
        }
        return (Float(high) / Float(slackParts), found)
    }
}

/// Some users and a filter, to tune the slack by.
private struct Sample {
    let users: [Float]
    let k: Int
    let filters: [ItemFilter]
    /// Each user's exact best.
    private let truth: [[ScoredItem]]

    init(
        users: [Float], k: Int, filter: ItemFilter?, truth exact: InvertedIndex
    ) throws(RetrievalError) {
        (self.users, self.k) = (users, k)
        filters = filter.map { [ItemFilter](repeating: $0, count: users.count / exact.dimension) } ?? []
        truth = try exact.search(
            queries: users.span, k: k, filters: filters,
            scratch: exact.makeScratch())
    }

    /// What the sample's searches find and cost.
    struct Found {
        /// Share of the exact best.
        let recall: Double
        /// Lists that a user's search looks into, and codes that it goes through.
        let (looks, codes): (Double, Double)
    }

    func search(_ index: InvertedIndex) throws(RetrievalError) -> Found {
        let scratch = index.makeScratch()
        let lists = try index.search(
            queries: users.span, k: k, filters: filters,
            scratch: scratch)
        var (hits, all) = (0, 0)
        for (found, truth) in zip(lists, truth) {
            let items = Set(found.map(\.item))
            hits += truth.count { items.contains($0.item) }
            all += truth.count
        }
        let users = Double(max(1, lists.count))
        return Found(
            recall: all > 0 ? Double(hits) / Double(all) : 1, looks: Double(scratch.looks) / users,
            codes: Double(scratch.codesRead) / users)
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

    /// The items in some of the lists.
    fileprivate func items(ofLists isWanted: (Int) -> Bool) -> [ItemID] {
        blocks.values.flatMap { block in isWanted(block.list) ? (0..<block.count).map { block.entry($0).item } : [] }
    }

    /// The vectors of held items [items, dimension].
    fileprivate func vectors(of items: [ItemID]) -> [Float] {
        var vectors: [Float] = []
        vectors.reserveCapacity(items.count * dimension)
        for item in items { vectors += vector(of: item)?.vector ?? [] }
        return vectors
    }
}
