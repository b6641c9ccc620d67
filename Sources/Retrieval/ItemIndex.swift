import Commerce

/// An item and its score for a user: one line of a search's result.
public struct ScoredItem: Hashable, Sendable {
    public let item: ItemID
    /// The dot product of the user's and the item's vector, in the canonical order of additions.
    public let score: Float

    public init(item: ItemID, score: Float) {
        self.item = item
        self.score = score
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

    /// Whether the item is held.
    func contains(_ item: ItemID) -> Bool

    /// Adds the item, or replaces its vector (of `dimension` coordinates).
    ///
    /// A vector of another length, or with a coordinate that is NaN or beyond `RetrievalError.largestCoordinate`, is
    /// refused and leaves the index as it was.
    mutating func upsert(_ item: ItemID, _ vector: Span<Float>) throws(RetrievalError)

    /// Withdraws the item; false if it was not held.
    @discardableResult mutating func remove(_ item: ItemID) -> Bool

    /// New working memory for `search`.
    func makeScratch() -> Scratch

    /// For each of queries (users, dimension), the `k` items of highest score that are not among that user's excluded
    /// ones: by falling score, equal scores by item id.
    ///
    /// A list is shorter than `k` only if fewer items pass; `k` below 1 gives empty lists. `excluding` has an entry per
    /// user, or none at all; items in it that are not held do no harm.
    func search<Excluded: Collection<ItemID>>(
        queries: Span<Float>, k: Int, excluding: [Excluded], scratch: Scratch
    ) throws(RetrievalError) -> [[ScoredItem]]
}

/// What an index refuses, and where it stands.
public enum RetrievalError: Error, Equatable, CustomStringConvertible {
    case vectorLength(item: ItemID, expected: Int, found: Int)
    case vectorValue(item: ItemID, position: Int, value: Float)
    case queryLength(dimension: Int, found: Int)
    case queryValue(user: Int, position: Int, value: Float)
    case exclusions(users: Int, found: Int)

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
        }
    }

    /// The first coordinate that is NaN or too large.
    static func firstInvalid(_ values: Span<Float>) -> Int? {
        for i in values.indices where !(values[i].magnitude <= largestCoordinate) { return i }
        return nil
    }
}
