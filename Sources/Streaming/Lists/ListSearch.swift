import Commerce
import Retrieval

/// Finds what shoppers' own lists are made of, by the rules, and composes them.
///
/// The items are searched in classes whose scores are raised alike, so that the best of each hold the best of all. Where raising rounds
/// two scores of a class to one, only the order before tells which of them is cut off.
package final class ListSearch {
    /// A shopper for whom a list is made.
    package struct User {
        let market: String?
        let excluded: ItemExclusions

        package init(market: String?, excluded: ItemExclusions) {
            self.market = market
            self.excluded = excluded
        }
    }

    private let rules: ListRules
    private let size: Int
    private let composer: ListComposer
    private let audit: RecallAudit?
    private let scratch = InvertedScratch()
    private var filters: ListFilters

    /// - Parameters:
    ///   - size: of a list.
    ///   - audit: repeats some of the searches exactly; nil repeats none.
    package init(rules: ListRules, size: Int, audit: RecallAudit?) {
        self.rules = rules
        self.size = size
        self.audit = audit
        composer = ListComposer(rules: rules, size: size)
        filters = ListFilters(rules)
    }

    /// The lists of some users.
    ///
    /// - Parameters:
    ///   - queries: [users, dimension]
    ///   - extras: of each user, or of none at all.
    package func lists(
        of users: [User], queries: [Float], adding extras: ExtraScores, in index: InvertedIndex
    ) throws(RetrievalError) -> [[ListComposer.Slot]] {
        if rules.isPlain {
            return try search(users, queries, .ordinary, k: size, adding: extras, in: index).map { list in
                list.map { ListComposer.Slot($0, .personal) }
            }
        }
        let depth = composer.depth
        let ordinary = try search(users, queries, .ordinary, k: depth, adding: extras, in: index)
        var pinned: [[[ScoredItem]]] = []
        for pin in rules.pins.indices {
            pinned.append(try search(users, queries, .pin(pin), k: rules.pins.count, adding: extras, in: index))
        }
        let newDepth = composer.explorationDepth
        let new =
            newDepth == 0
            ? [] : try search(users, queries, .exploration, k: newDepth, adding: extras, in: index)
        var lists: [[ListComposer.Slot]] = []
        for user in users.indices {
            let candidates = ListComposer.Candidates(
                .personal, ordinary: .init(withProfiles(ordinary[user], index), ofFirst: depth),
                pinned: pinned.map { withProfiles($0[user], index) },
                exploration: new.isEmpty ? .all([]) : .init(withProfiles(new[user], index), ofFirst: newDepth))
            let list = try composer.compose(candidates) {
                index.vector(of: $0)?.vector
            } deeper: { purpose, depth throws(RetrievalError) in
                let query = Array(queries[user * index.dimension..<(user + 1) * index.dimension])
                let more = try search(
                    [users[user]], query, purpose, k: depth, adding: extras.user(user), in: index)[0]
                return withProfiles(more, index)
            }
            lists.append(list)
        }
        return lists
    }

    private func withProfiles(_ found: [ScoredItem], _ index: InvertedIndex) -> [ListComposer.Candidate] {
        found.map { .init($0, index.attributes(of: $0.item)?.profile ?? .init()) }
    }

    /// The best items of each user by the score with its boosts.
    private func search(
        _ users: [User], _ queries: [Float], _ purpose: ListFilters.Purpose, k: Int, adding extras: ExtraScores,
        in index: InvertedIndex
    ) throws(RetrievalError) -> [[ScoredItem]] {
        let excluded = users.map(\.excluded)
        let classes = users.map { filters.classes($0.market, purpose) }
        var best: [[ScoredItem]] = []
        for number in 0..<1 << rules.boosts.count {
            let found = try index.search(
                queries: queries.span, k: k, filters: classes.map { $0[number].filter }, excluding: excluded,
                adding: extras, scratch: scratch)
            if number == 0, purpose == .ordinary { sample(found, users, queries, classes, k, extras, index) }
            if rules.boosts.isEmpty { return found }
            for user in users.indices {
                let addend = classes[user][number].addend
                let raised = found[user].map {
                    ScoredItem(item: $0.item, score: $0.score + addend, number: $0.number)
                }
                if number == 0 { best.append(raised) } else { best[user] += raised }
            }
        }
        return best.map { list in
            Array(list.sorted { $0.score != $1.score ? $0.score > $1.score : $0.item < $1.item }.prefix(k))
        }
    }

    /// Hands the last of some searches to the audit where one is due.
    private func sample(
        _ found: [[ScoredItem]], _ users: [User], _ queries: [Float], _ classes: [[ListFilters.Class]], _ k: Int,
        _ extras: ExtraScores,
        _ index: InvertedIndex
    ) {
        // A flat scan misses nothing.
        guard let audit, !index.isFlat, let user = users.last, audit.isDue(after: users.count) else { return }
        let last = users.count - 1
        audit.take(
            .init(
                index: index, query: Array(queries.suffix(index.dimension)), k: k, filter: classes[last][0].filter,
                excluded: user.excluded,
                extras: extras.user(last), found: found[last].map(\.item)))
    }
}
