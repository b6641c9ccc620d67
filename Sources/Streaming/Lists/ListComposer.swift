import Commerce
import Retrieval

/// Makes a list out of ranked candidates by the rules: a function of what it is given and nothing else.
///
/// 1. Each pin takes the best of its candidates that no pin before it has taken, whatever caps and the minimum score say. A pin without one
///    leaves its rank to the others.
/// 2. The other ranks are filled from the first to the last: those kept for exploration by the best new item, or by an ordinary one where
///    there is none left; the rest by the next ordinary one, which is that of the highest score, or with diversity the one of
///    the highest marginal relevance. Such an item must have the minimum score, not be in the list already, and be within
///    the caps, which count the pinned items from the start.
/// 3. Where candidates are too few, ranks that stay empty are closed up, and what stands behind them moves up.
public struct ListComposer: Sendable {
    /// An item that may be in a list.
    public struct Candidate: Equatable, Sendable {
        /// The item with its score, boosts included.
        public var found: ScoredItem
        public var profile: ItemAttributes.Profile
        /// What diversity weighs against likeness.
        public var relevance: Float

        /// - Parameter relevance: nil where the score says it.
        public init(_ found: ScoredItem, _ profile: ItemAttributes.Profile, relevance: Float? = nil) {
            self.found = found
            self.profile = profile
            self.relevance = relevance ?? found.score
        }
    }

    /// Candidates in their order, each item once, best first.
    public struct Ranking: Sendable {
        /// Those given.
        public var candidates: [Candidate]
        /// Whether there may be more behind those given.
        public var isCut: Bool

        /// - Parameter isCut: whether there may be more behind them.
        public init(_ candidates: [Candidate], isCut: Bool) {
            self.candidates = candidates
            self.isCut = isCut
        }

        /// What a search for the first `depth` has found.
        public init(_ candidates: [Candidate], ofFirst depth: Int) {
            self.init(candidates, isCut: depth > 0 && candidates.count == depth)
        }

        /// All that there are.
        public static func all(_ candidates: [Candidate]) -> Ranking { Ranking(candidates, isCut: false) }
    }

    /// The candidates for one shopper's list.
    ///
    /// Where no cap, no minimum score and no diversity has a say, as many ordinary ones as the list is long are enough; for
    /// each pin one more than there are pins before it.
    public struct Candidates: Sendable {
        /// How the slots of ordinary ones are filled.
        public var origin: RecommendationList.Origin
        /// For the ranks that no rule keeps.
        public var ordinary: Ranking
        /// For each pin of the rules, in their order.
        public var pinned: [[Candidate]]
        /// Items that the checkpoint does not know. They may be among the ordinary ones too.
        public var exploration: Ranking

        public init(
            _ origin: RecommendationList.Origin, ordinary: Ranking, pinned: [[Candidate]] = [],
            exploration: Ranking = .all([])
        ) {
            self.origin = origin
            self.ordinary = ordinary
            self.pinned = pinned
            self.exploration = exploration
        }
    }

    /// One item of the list.
    public struct Slot: Equatable, Sendable {
        public var found: ScoredItem
        public var origin: RecommendationList.Origin

        public init(_ found: ScoredItem, _ origin: RecommendationList.Origin) {
            self.found = found
            self.origin = origin
        }
    }

    /// A list, or what could be made of it so far.
    public struct Composition: Equatable, Sendable {
        /// In the order of their ranks.
        public var slots: [Slot]
        /// The list is short, and ordinary candidates behind those given might fill it: look for more and compose again.
        public var wantsMore: Bool
        /// A rank kept for a new item has none, and new items behind those given might: as with `wantsMore`.
        public var wantsMoreNew: Bool
    }

    let rules: ListRules
    let size: Int
    /// The ranks kept for new items, rising: none before the second.
    public let explorationRanks: [Int]
    /// The same by rank, the first at 0.
    private let isExploration: [Bool]

    /// - Parameter size: the length of a list.
    public init(rules: ListRules, size: Int) {
        self.rules = rules
        self.size = size
        explorationRanks = Self.explorationRanks(rules, size)
        let ranks = Set(explorationRanks)
        isExploration = (0..<max(0, size)).map { ranks.contains($0 + 1) }
    }

    /// Makes a list.
    ///
    /// - Parameter vector: an item's vector in the index, nil where it is not known; asked for only where `rules.diversity` is above 0.
    public func compose(_ candidates: Candidates, vector: (ItemID) -> [Float]?) -> Composition {
        let pool = candidates.ordinary.candidates.prefix { accepts($0) }
        var draft = Draft(size: size, rules: rules, pool: pool, vector: vector)
        for (pin, choice) in zip(rules.pins, candidates.pinned) where draft.slots.indices.contains(pin.rank - 1) {
            if let best = choice.first(where: { !draft.items.contains($0.found.item) }) {
                draft.put(best, .pinned, at: pin.rank, vector: vector)
            }
        }
        var new = candidates.exploration.candidates.prefix { accepts($0) }
        let mayBeNewer = mayGoOn(candidates.exploration, after: new)
        var lacksNew = false
        for place in draft.slots.indices where draft.slots[place] == nil {
            let rank = place + 1
            if isExploration[place], let next = new.firstIndex(where: draft.allows) {
                draft.put(new[next], .exploration, at: rank, vector: vector)
                new = new[(next + 1)...]
                continue
            }
            if isExploration[place] { lacksNew = true }
            if let next = draft.takeOrdinary() { draft.put(next, candidates.origin, at: rank, vector: vector) }
        }
        let slots = draft.slots.compactMap { $0 }
        let wantsMore = slots.count < size && mayGoOn(candidates.ordinary, after: pool)
        return Composition(slots: slots, wantsMore: wantsMore, wantsMoreNew: lacksNew && mayBeNewer)
    }

    /// Whether what lies behind a ranking may be in a list, as all of the ranking may: those accepted are its first.
    private func mayGoOn(_ ranking: Ranking, after accepted: ArraySlice<Candidate>) -> Bool {
        ranking.isCut && accepted.count == ranking.candidates.count
    }

    /// Whether an item may be in a list without being pinned.
    private func accepts(_ candidate: Candidate) -> Bool {
        rules.minimumScore.map { candidate.found.score >= $0 } ?? true
    }

    /// ⌊share · size⌋ ranks, spread evenly over those from the second on that no pin holds.
    private static func explorationRanks(_ rules: ListRules, _ size: Int) -> [Int] {
        let pinned = Set(rules.pins.map(\.rank))
        let free = (0..<max(0, size)).map { $0 + 1 }.filter { $0 > 1 && !pinned.contains($0) }
        // A share such as 0.29 has no exact form; what it falls short by must not cost a rank.
        let count = min(free.count, Int(rules.explorationShare * Double(size) + 1e-9))
        // The middles of `count` equal stretches.
        return (0..<max(0, count)).map { free[(2 * $0 + 1) * free.count / (2 * count)] }
    }
}
