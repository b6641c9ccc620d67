import Commerce
import Retrieval

/// A list in the making: its ranks, and the ordinary candidates that are left.
struct Draft {
    typealias Candidate = ListComposer.Candidate

    /// By rank, the first at 0.
    private(set) var slots: [ListComposer.Slot?]
    private(set) var items: Set<ItemID> = []
    private var counts: CapCounts
    private let pool: ArraySlice<Candidate>
    /// Places in `pool`, rising.
    private var left: [Int]
    private var diversity: Diversity?

    /// - Parameter pool: the beginning of an array: the ordinary candidates that reach the minimum score, best first.
    init(size: Int, rules: ListRules, pool: ArraySlice<Candidate>, vector: (ItemID) -> [Float]?) {
        slots = Array(repeating: nil, count: max(0, size))
        counts = CapCounts(rules.caps)
        self.pool = pool
        left = Array(pool.indices)
        if rules.diversity > 0 {
            diversity = Diversity(weight: rules.diversity, scores: pool.map(\.relevance)) { place in
                vector(pool[place].found.item)
            }
        }
    }

    /// Whether the item is not in the list and within the caps. What is refused once stays refused.
    func allows(_ candidate: Candidate) -> Bool {
        !items.contains(candidate.found.item) && counts.allow(candidate.profile)
    }

    /// Gives the item a rank, 1 being first.
    mutating func put(
        _ candidate: Candidate, _ origin: RecommendationList.Origin, at rank: Int, vector: (ItemID) -> [Float]?
    ) {
        slots[rank - 1] = ListComposer.Slot(candidate.found, origin)
        items.insert(candidate.found.item)
        counts.count(candidate.profile)
        diversity?.add(vector(candidate.found.item))
    }

    /// The next ordinary candidate that is allowed; nil where there is none left.
    mutating func takeOrdinary() -> Candidate? {
        while !left.isEmpty {
            let next = diversity?.best(of: left) ?? 0
            let candidate = pool[left.remove(at: next)]
            if allows(candidate) { return candidate }
        }
        return nil
    }
}
