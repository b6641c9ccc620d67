import Commerce
import LinearAlgebra
import Retrieval

/// Finds what lists of what trends are made of, by the rules, and composes them.
///
/// An item's score is its decayed count, multiplied by the factors of the boosts that are for it. The minimum score is one of the
/// model's scores and does not apply to counts.
package final class TrendingSearch {
    private let rules: ListRules
    private let size: Int
    private let composer: ListComposer
    /// No item's factor is larger.
    private let mostFactor: Double
    /// Without the boosts, which raise counts and not scores.
    private var filters: ListFilters
    private let scratch = InvertedScratch()

    /// - Parameter size: of a list.
    package init(rules: ListRules, size: Int) {
        var rules = rules
        rules.minimumScore = nil
        self.rules = rules
        self.size = size
        composer = ListComposer(rules: rules, size: size)
        mostFactor = rules.boosts.reduce(1) { $0 * max(1, $1.factor) }
        rules.boosts = []
        filters = ListFilters(rules)
    }

    /// The list of a user.
    package func list(
        of user: ListSearch.User, by trending: TrendingItems, in index: InvertedIndex
    ) -> [ListComposer.Slot] {
        if rules.isPlain {
            return ranking(.ordinary, size, of: user, by: trending, in: index).map {
                ListComposer.Slot(ScoredItem(item: $0.item, score: Float($0.count)), .trending)
            }
        }
        func candidates(_ purpose: ListFilters.Purpose, _ count: Int) -> [ListComposer.Candidate] {
            Self.candidates(ranking(purpose, count, of: user, by: trending, in: index), in: index)
        }
        func first(_ depth: Int, _ purpose: ListFilters.Purpose) -> ListComposer.Ranking {
            .init(candidates(purpose, depth), ofFirst: depth)
        }
        return composer.compose(
            .init(
                .trending, ordinary: first(composer.depth, .ordinary),
                pinned: rules.pins.indices.map { pin in
                    // The pins before it may take as many.
                    let choice = candidates(.pin(pin), pin + 1)
                    return choice.count > pin ? choice : choice + untouched(pin, of: user, in: index, but: choice)
                },
                exploration: first(composer.explorationDepth, .exploration))
        ) {
            index.vector(of: $0)?.vector
        } deeper: {
            candidates($0, $1)
        }
    }

    /// The first of what trends that the user may have for a purpose, by falling count with boosts.
    private func ranking(
        _ purpose: ListFilters.Purpose, _ count: Int, of user: ListSearch.User, by trending: TrendingItems,
        in index: InvertedIndex
    ) -> [TrendingItems.Found] {
        let condition = filters.classes(user.market, purpose)[0].filter.condition
        let named = Set(user.excluded.items)
        var others = user.excluded
        others.items = []
        return trending.top(count, in: user.market, most: mostFactor) { item in
            guard !named.contains(item), index.allows(item, condition, excluding: others) else { return nil }
            if rules.boosts.isEmpty { return 1 }
            guard let held = index.held(item) else { return nil }
            return rules.boosts.reduce(1) { factor, boost in
                boost.condition.holds(for: item, held.attributes, isNew: held.isNew) ? factor * boost.factor : factor
            }
        }
    }

    private static func candidates(
        _ ranking: [TrendingItems.Found], in index: InvertedIndex
    ) -> [ListComposer.Candidate] {
        var relevance = Float.infinity
        return ranking.map { found in
            // What the market lacks is no more relevant than what it has, however often all markets together count it.
            relevance = min(relevance, Self.relevance(of: found.count))
            return .init(
                ScoredItem(item: found.item, score: Float(found.count)),
                index.attributes(of: found.item)?.profile ?? .init(), relevance: relevance)
        }
    }

    /// For a pin for which too little trends: the items that are so, by item id, without those already chosen.
    private func untouched(
        _ pin: Int, of user: ListSearch.User, in index: InvertedIndex, but chosen: [ListComposer.Candidate]
    ) -> [ListComposer.Candidate] {
        let filter = filters.classes(user.market, .pin(pin))[0].filter
        let known = Set(chosen.map(\.found.item))
        let items = index.first(pin + 1, passing: filter, excluding: user.excluded, scratch: scratch)
        return items.filter { !known.contains($0) }.map { item in
            .init(ScoredItem(item: item, score: 0), index.attributes(of: item)?.profile ?? .init())
        }
    }

    /// log2(1 + count). Counts differ by powers of ten: beside the largest of them as they stand all others would be alike.
    private static func relevance(of count: Double) -> Float { Float(Kernels.chordLog2(1 + count)) }
}
