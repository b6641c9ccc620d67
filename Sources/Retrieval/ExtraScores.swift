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
            let (numbers, scores) = ofUser(user)
            own.appendUser(numbers.span, scores.span)
        }
        return own
    }

    /// A user's items, and what each one's score is raised by.
    func ofUser(_ user: Int) -> (numbers: ArraySlice<Int32>, scores: ArraySlice<Float>) {
        (numbers[places(of: user)], scores[places(of: user)])
    }

    /// Where a user's items stand.
    func places(of user: Int) -> Range<Int> { (user > 0 ? ends[user - 1] : 0)..<ends[user] }
}
