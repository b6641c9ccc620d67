import Commerce

/// An item and its score for a user: one line of a search's result.
public struct ScoredItem: Hashable, Sendable {
    public let item: ItemID
    /// The dot product of the user's and the item's vector, in the canonical order of additions, and what was added to it.
    public let score: Float
    /// The number under which the item entered the index; nil without one.
    public let number: Int32?

    public init(item: ItemID, score: Float, number: Int32? = nil) {
        self.item = item
        self.score = score
        self.number = number
    }
}

/// Item vectors that can be searched by dot product while they change.
///
/// An index is a value: a copy is a snapshot that costs a few references, stays as it is whatever happens to the
/// original, and may be searched on any thread. A result is a function of the vectors held, the query, `k`, the excluded
/// items and `version` alone: not of the batch, the thread, the instruction set or the order in which items arrived.
public protocol ItemIndex: Sendable {
    /// Working memory of a search, reused from one to the next by one thread at a time.
    associatedtype Scratch

    /// Names everything beside the vectors that shapes a result; a list carries it.
    var version: String { get }

    /// Coordinates of a vector.
    var dimension: Int { get }

    /// Items held.
    var count: Int { get }

    /// Bytes that the vectors take, with what is made of them.
    var vectorBytes: Int { get }

    /// Whether the item is held.
    func contains(_ item: ItemID) -> Bool

    /// What is held of the item beside its vector, and whether it has no number; nil if it is not held.
    func held(_ item: ItemID) -> (attributes: ItemAttributes, isNew: Bool)?

    /// Adds the item, or replaces its vector (of `dimension` coordinates) and attributes.
    ///
    /// A vector of another length, or with a coordinate that is NaN or beyond `RetrievalError.largestCoordinate`, is
    /// refused and leaves the index as it was.
    ///
    /// - Parameter number: names the item in `ExtraScores`; its own, and best counted from 0. It is taken when the item
    ///   enters the index, and kept until the item is removed.
    mutating func upsert(
        _ item: ItemID, _ vector: Span<Float>, _ attributes: ItemAttributes, number: Int32?
    ) throws(RetrievalError)

    /// Withdraws the item; false if it was not held.
    @discardableResult mutating func remove(_ item: ItemID) -> Bool

    /// New working memory for `search`.
    func makeScratch() -> Scratch

    /// For each of queries (users, dimension), the `k` items of highest score that pass the user's filter and are not among
    /// that user's excluded ones: by falling score, equal scores by item id. An item's score is its dot product, plus the
    /// user's extra score of it where there is one, rounded once.
    ///
    /// A list is shorter than `k` only if fewer items pass; `k` below 1 gives empty lists. `filters`, `excluding` and `extras`
    /// have an entry per user, or none at all; items in them that are not held do no harm.
    ///
    /// An index need not add extra scores to all items: the `k` best of the dense order together with the items that have
    /// an extra score hold the result. For take an item j of the result without an extra score, and any i before j in the
    /// dense order (both allowed). No extra score is negative and rounding is monotonous, so i's score is at least its dense
    /// one, which is at least j's; where all three are equal, i's id is the smaller. So i is before j in the final order
    /// too; there are at most `k` - 1 such i, and j is among the `k` best of the dense order.
    func search(
        queries: Span<Float>, k: Int, filters: [ItemFilter], excluding: [ItemExclusions], adding extras: ExtraScores,
        scratch: Scratch
    ) throws(RetrievalError) -> [[ScoredItem]]
}

extension ItemIndex {
    /// Adds the item without attributes, or replaces its vector.
    public mutating func upsert(
        _ item: ItemID, _ vector: Span<Float>, number: Int32? = nil
    ) throws(RetrievalError) {
        try upsert(item, vector, .unknown, number: number)
    }

    /// Whether a search under a filter of this condition may find the item for a user of these exclusions.
    public func allows(_ item: ItemID, _ condition: ItemCondition, excluding exclusions: ItemExclusions) -> Bool {
        guard let held = held(item), condition.holds(for: item, held.attributes, isNew: held.isNew) else {
            return false
        }
        if exclusions.items.contains(item) { return false }
        guard let older = exclusions.older, older.contains(item) else { return true }
        return exclusions.spared.holds(for: item, held.attributes, isNew: held.isNew)
    }

    /// What is held of the item's attributes; nil if it is not held.
    public func attributes(of item: ItemID) -> ItemAttributes? { held(item)?.attributes }

    /// A search without what is left out.
    public func search(
        queries: Span<Float>, k: Int, filters: [ItemFilter] = [], excluding: [[ItemID]] = [],
        adding extras: ExtraScores = ExtraScores(), scratch: Scratch
    ) throws(RetrievalError) -> [[ScoredItem]] {
        try search(
            queries: queries, k: k, filters: filters, excluding: excluding.map { ItemExclusions($0) }, adding: extras,
            scratch: scratch)
    }
}

/// What an index refuses, and where it stands.
public enum RetrievalError: Error, Equatable, CustomStringConvertible {
    case vectorLength(item: ItemID, expected: Int, found: Int)
    case vectorValue(item: ItemID, position: Int, value: Float)
    case queryLength(dimension: Int, found: Int)
    case queryValue(user: Int, position: Int, value: Float)
    case exclusions(users: Int, found: Int)
    case filters(users: Int, found: Int)
    case extraScores(users: Int, found: Int)
    case extraScore(user: Int, number: Int32, score: Float)

    /// The largest magnitude of a coordinate: up to it no score can overflow, so every score is a finite number.
    public static let largestCoordinate: Float = 1e15

    public var description: String {
        switch self {
        case .vectorLength(let item, let expected, let found):
            "item \(item.rawValue): its vector has \(found) coordinates, the index holds \(expected); was it made by another model?"
        case .vectorValue(let item, let position, let value):
            "item \(item.rawValue): coordinate \(position) of its vector is \(value); it must be a number within ±1e15"
        case .queryLength(let dimension, let found):
            "queries of \(found) floats do not divide into vectors of \(dimension)"
        case .queryValue(let user, let position, let value):
            "query \(user): coordinate \(position) is \(value); it must be a number within ±1e15"
        case .exclusions(let users, let found):
            "\(found) collections of excluded items for \(users) users: give one for each, or none"
        case .filters(let users, let found):
            "\(found) filters for \(users) users: give one for each, or none"
        case .extraScores(let users, let found):
            "extra scores of \(found) users for \(users): give some for each, or none"
        case .extraScore(let user, let number, let score):
            "user \(user): the extra score of item number \(number) is \(score); it must be a number from 0 to 1e15"
        }
    }

    /// Checks a vector that is to enter an index.
    static func check(_ vector: Span<Float>, of item: ItemID, dimension: Int) throws(RetrievalError) {
        guard vector.count == dimension else {
            throw .vectorLength(item: item, expected: dimension, found: vector.count)
        }
        if let position = firstInvalid(vector) {
            throw .vectorValue(item: item, position: position, value: vector[position])
        }
    }

    /// Checks what a search is given; returns the number of users.
    static func check(
        _ queries: Span<Float>, filters: Int, _ exclusions: Int, _ extras: ExtraScores, dimension: Int
    ) throws(RetrievalError) -> Int {
        guard queries.count % dimension == 0 else {
            throw .queryLength(dimension: dimension, found: queries.count)
        }
        let users = queries.count / dimension
        guard exclusions == 0 || exclusions == users else {
            throw .exclusions(users: users, found: exclusions)
        }
        guard filters == 0 || filters == users else { throw .filters(users: users, found: filters) }
        guard extras.users == 0 || extras.users == users else {
            throw .extraScores(users: users, found: extras.users)
        }
        if let position = firstInvalid(queries) {
            throw .queryValue(user: position / dimension, position: position % dimension, value: queries[position])
        }
        return users
    }

    /// The first coordinate that is NaN or too large.
    static func firstInvalid(_ values: Span<Float>) -> Int? {
        for i in values.indices where !(values[i].magnitude <= largestCoordinate) { return i }
        return nil
    }
}
