import Commerce

/// Some users, without a filter or with several, by whose searches the breadth of an index is tuned.
package struct BreadthTuning {
    /// [filters, users, dimension]
    private let queries: [Float]
    private let k: Int
    /// For each query its filter; empty for none.
    private let filters: [ItemFilter]
    /// For each query the exact best.
    private let truth: [[ScoredItem]]
    /// Queries of one filter.
    private let users: Int

    /// Slacks are so many to a unit, and at most so large; beyond that lists tell nothing.
    private static let slackParts = 32
    static let mostSlack: Float = 4
    /// How many regions and lists a search may begin with: few where these hold most of what users want, many where they would set the
    /// others too low a bar.
    private static let (regions, lists) = ([12, 24, 32], [2, 3, 4, 6, 8, 12])

    /// - Parameters:
    ///   - users: [users, dimension].
    ///   - k: length of the lists, at least 1.
    ///   - filters: each user searches under each of them; empty for searches without.
    ///   - exact: the same items in an index that misses nothing.
    /// - Throws: `RetrievalError` for users that an index refuses.
    package init(
        users: [Float], k: Int, filters: [ItemFilter] = [], truth exact: InvertedIndex
    ) throws(RetrievalError) {
        let count = users.count / exact.dimension
        let queries = [[Float]](repeating: users, count: max(1, filters.count)).flatMap { $0 }
        let filters = filters.flatMap { [ItemFilter](repeating: $0, count: count) }
        truth = try exact.search(queries: queries.span, k: k, filters: filters, scratch: exact.makeScratch())
        (self.queries, self.k, self.filters, self.users) = (queries, k, filters, count)
    }

    /// What searches of a breadth find and cost.
    package struct Found {
        package let breadth: SearchBreadth
        /// Share of the exact best, under the filter that finds least.
        package let recall: Double
        /// Lists that a search looks into, and codes that it goes through.
        package let (looks, codes): (Double, Double)
    }

    /// Of the breadths that find so much the one whose searches go through the fewest codes: the best number of first lists, then of first
    /// regions, and if that is another one of lists once more.
    package func cheapest(reaching recall: Double, in index: InvertedIndex) throws(RetrievalError) -> Found {
        var best = try leastSlack(reaching: recall, from: SearchBreadth(slack: 0), in: index)
        func tryOut(regions: Int, lists: Int) throws(RetrievalError) {
            guard regions != best.breadth.regions || lists != best.breadth.lists else { return }
            let breadth = SearchBreadth(regions: regions, lists: lists, slack: 0)
            let found = try leastSlack(reaching: recall, from: breadth, in: index, below: best.codes)
            if found.recall >= recall, found.codes < best.codes { best = found }
        }
        for lists in Self.lists { try tryOut(regions: best.breadth.regions, lists: lists) }
        guard index.partition.regionCount > 1 else { return best }
        let before = best.breadth.regions
        for regions in Self.regions { try tryOut(regions: regions, lists: best.breadth.lists) }
        guard best.breadth.regions != before else { return best }
        for lists in Self.lists { try tryOut(regions: best.breadth.regions, lists: lists) }
        return best
    }

    /// The least slack with which searches find so much, and what they find: the first ones that do by doubling it, then by halving. The
    /// largest slack stands for a look at everything.
    ///
    /// - Parameters:
    ///   - breadth: with whatever slack.
    ///   - codes: where searches go through so many and have not found enough, what they find is the answer.
    func leastSlack(
        reaching recall: Double, from breadth: SearchBreadth, in index: InvertedIndex, below codes: Double = .infinity
    ) throws(RetrievalError) -> Found {
        func search(_ parts: Int) throws(RetrievalError) -> Found {
            var breadth = breadth
            breadth.slack = Float(parts) / Float(Self.slackParts)
            guard breadth.slack < Self.mostSlack else {
                let lists = index.partition.lists
                return Found(breadth: breadth, recall: 1, looks: Double(lists), codes: Double(lists + index.count))
            }
            return try self.search(index.looking(breadth))
        }
        var (low, high) = (-1, Self.slackParts / 4)
        var found = try search(high)
        while found.recall < recall {
            if found.codes >= codes { return found }
            (low, high) = (high, 2 * high)
            found = try search(high)
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            let reached = try search(middle)
            if reached.recall >= recall { (high, found) = (middle, reached) } else { low = middle }
        }
        return found
    }

    private func search(_ index: InvertedIndex) throws(RetrievalError) -> Found {
        let scratch = index.makeScratch()
        let lists = try index.search(queries: queries.span, k: k, filters: filters, scratch: scratch)
        let recalls = stride(from: 0, to: lists.count, by: max(1, users)).map { first in
            Self.recall(of: lists[first..<first + users], beside: truth[first..<first + users])
        }
        let count = Double(max(1, lists.count))
        return Found(
            breadth: index.breadth, recall: recalls.min() ?? 1, looks: Double(scratch.looks) / count,
            codes: Double(scratch.codesRead) / count)
    }

    private static func recall(of lists: ArraySlice<[ScoredItem]>, beside truth: ArraySlice<[ScoredItem]>) -> Double {
        var (hits, all) = (0, 0)
        for (found, truth) in zip(lists, truth) {
            let items = Set(found.map(\.item))
            hits += truth.count { items.contains($0.item) }
            all += truth.count
        }
        return all > 0 ? Double(hits) / Double(all) : 1
    }
}
