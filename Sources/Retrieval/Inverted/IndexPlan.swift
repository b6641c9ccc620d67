import Commerce
import LinearAlgebra

/// How a catalogue is indexed: into which lists, and what a list must promise for a search to look into it.
///
/// A plan is a function of the vectors it was made from and the recall that was asked for, whatever the processor and the order in
/// which items arrived: equal models have equal plans, and equal plans give equal lists.
public struct IndexPlan: Sendable {
    public let partition: Partition
    /// How far searches look around.
    public let breadth: SearchBreadth
    /// How far those for users from whom a filter keeps items do.
    public let filteredBreadth: SearchBreadth
    /// Share of the exact best `k` that the sample's searches found without a filter; 1 for a flat scan.
    public let recall: Double
    /// Lists that these searches looked into, on average.
    public let looks: Double
    /// Items it was made for.
    public let items: Int

    /// Up to so many items a flat scan costs no more than lists that miss hardly anything.
    private static let mostOfFlat = 8192
    /// A plan without lists for a sample of fewer users would be a guess.
    private static let leastUsers = 100
    /// Parts of a catalogue, of which every second one makes a half.
    private static let parts = 64
    /// One item in so many makes a thin catalogue.
    private static let thinning = 200

    /// A plan of what is given, unchecked.
    package init(
        partition: Partition, breadth: SearchBreadth, filteredBreadth: SearchBreadth, recall: Double, looks: Double,
        items: Int
    ) {
        self.partition = partition
        (self.breadth, self.filteredBreadth) = (breadth, filteredBreadth)
        (self.recall, self.looks) = (recall, looks)
        self.items = items
    }

    /// An empty index of this plan.
    public var index: InvertedIndex { InvertedIndex(partition).looking(breadth, filtered: filteredBreadth) }

    /// The plan that loses nothing: one list.
    public static func flat(dimension: Int, items: Int) -> IndexPlan {
        IndexPlan(
            partition: .single(dimension: dimension), breadth: .everything, filteredBreadth: .everything, recall: 1,
            looks: 1, items: items)
    }

    /// Whether a catalogue has grown so much that another plan may serve it better: by half.
    public func isOutgrown(by count: Int) -> Bool { count > Self.mostOfFlat && 2 * count > 3 * items }

    /// Makes a plan for the items of an index and users like those of a sample [users, dimension], and indexes the items by it: of the
    /// breadths that find `recall` of the sample's exact best the one whose searches go through the fewest codes, or a flat scan where
    /// that is as cheap. On all cores, some seconds for a million items.
    ///
    /// The breadth for users with a filter is chosen likewise, of those that find as much in a half of the catalogue made of whole parts
    /// and in one of every so many items: filters that take away what lies next to a user, or nearly all there is, are harder than none.
    ///
    /// A large catalogue's lists lie in regions unless its vectors do not: where searches of the sample go through more codes than the
    /// centroids of lists in one region and the rows of the usual first lists, one region is tried too, and taken if it is cheaper.
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
        let items = index.items.sorted()
        let vectors = index.vectors(of: items)
        let whole = try BreadthTuning(users: users, k: k, truth: exact)
        func tune(inRegions: Bool) throws(RetrievalError) -> (index: InvertedIndex, found: BreadthTuning.Found) {
            var filled = InvertedIndex(
                Partition.train(vectors.span, dimension: dimension, items: count, inRegions: inRegions))
            for item in items { try filled.copy(item, from: index) }
            return (filled, try whole.cheapest(reaching: recall, in: filled))
        }
        let lists = Partition.lists(of: count)
        let leastCodes = Double(lists + SearchBreadth.usual.lists * count / lists)
        var tuned = try tune(inRegions: count > most)
        if count > most, tuned.found.codes > leastCodes {
            let other = try tune(inRegions: false)
            if other.found.codes < tuned.found.codes { tuned = other }
        }
        // Where half of the lists must be looked into there is nothing to gain.
        guard 2 * tuned.found.looks < Double(tuned.index.partition.lists) else { return (flat, exact) }
        let parts = tuned.index.partition.parts(Self.parts)
        let half = tuned.index.items(ofLists: { parts[$0] % 2 == 1 })
        let thin = stride(from: 0, to: count, by: thinning).map { items[$0] }
        let filtered = try BreadthTuning(
            users: users, k: k, filters: [half, thin].map { ItemFilter(.items(Set($0))) }, truth: exact
        ).cheapest(reaching: recall, in: tuned.index)
        let plan = IndexPlan(
            partition: tuned.index.partition, breadth: tuned.found.breadth, filteredBreadth: filtered.breadth,
            recall: tuned.found.recall, looks: tuned.found.looks, items: count)
        return (plan, tuned.index.looking(plan.breadth, filtered: plan.filteredBreadth))
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
