import LinearAlgebra

/// What is added to the dot products of some items, per user of a search: the sparse part of a score.
///
/// Items are named by the numbers under which they entered the index: a user has some hundred extra scores, and finding
/// each by its id would cost more than the search. Memory is kept from one search to the next.
public struct ExtraScores: Sendable {
    /// The items, user after user, and what each one's score is raised by.
    private(set) var numbers: [Int32] = []
    private(set) var scores: [Float] = []
    /// Per user the end of the user's items.
    private var ends: [Int] = []

    /// Of no user.
    public init() {}

    /// Users so far.
    public var users: Int { ends.count }

    /// Starts over.
    public mutating func removeAll() {
        numbers.removeAll(keepingCapacity: true)
        scores.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Adds a user.
    ///
    /// - Parameters:
    ///   - numbers: of the items, as given to `ItemIndex.upsert`, each once; one that no held item has does no harm.
    ///   - scores: what the items' scores are raised by, 0 to `RetrievalError.largestCoordinate`; a search refuses others.
    public mutating func appendUser(_ numbers: Span<Int32>, _ scores: Span<Float>) {
        precondition(numbers.count == scores.count, "\(scores.count) scores of \(numbers.count) items")
        numbers.withUnsafeBufferPointer { self.numbers.append(contentsOf: $0) }
        scores.withUnsafeBufferPointer { self.scores.append(contentsOf: $0) }
        ends.append(self.numbers.count)
    }

    /// Those of one user alone; of no user if there are none.
    public func user(_ user: Int) -> ExtraScores {
        var own = ExtraScores()
        if user < users {
            withUser(user) { own.appendUser($0.span, $1.span) }
        }
        return own
    }

    /// Calls `body` with a user's items, and what each one's score is raised by.
    func withUser<Result>(
        _ user: Int, _ body: (_ numbers: UnsafeBufferPointer<Int32>, _ scores: UnsafeBufferPointer<Float>) -> Result
    ) -> Result {
        let places = places(of: user)
        return numbers.withUnsafeBufferPointer { numbers in
            scores.withUnsafeBufferPointer { scores in
                body(
                    UnsafeBufferPointer(rebasing: numbers[places]), UnsafeBufferPointer(rebasing: scores[places]))
            }
        }
    }

    /// Where a user's extra scores of some items stand, counted from the first user's first one; nil for an item without one.
    package func places(of numbers: [Int32?], user: Int) -> [Int?] {
        let first = places(of: user).lowerBound
        return withUser(user) { given, _ in
            numbers.map { number in number.flatMap { Kernels.last($0, in: given) }.map { first + $0 } }
        }
    }

    /// Whether a number may be an extra score: neither negative nor so large that sums of it lose their order, nor a NaN.
    @inline(__always) static func mayHold(_ score: Float) -> Bool {
        score >= 0 && score <= RetrievalError.largestCoordinate
    }

    /// Where a user's items stand.
    func places(of user: Int) -> Range<Int> { (user > 0 ? ends[user - 1] : 0)..<ends[user] }
}
