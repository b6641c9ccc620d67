/// What is added to the dot products of some items, per user of a search: the sparse part of a score.
///
/// Items are named by the numbers under which they entered the index: a user has some hundred extra scores, and finding
/// each by its id would cost more than the search. Memory is kept from one search to the next.
public struct ExtraScores: Sendable {
    /// The items, user after user, and what each one's score is raised by.
    fileprivate private(set) var numbers: [Int32] = []
    fileprivate private(set) var scores: [Float] = []
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

    /// Where a user's items stand.
    fileprivate func places(of user: Int) -> Range<Int> { (user > 0 ? ends[user - 1] : 0)..<ends[user] }
}

/// One user's extra scores, sorted by the blocks that hold the items.
struct PlacedExtras {
    private var found: [(slot: Slot, score: Float)] = []
    /// Per block the end of its `rows` and `scores`, which begin where those of the block before end.
    private var ends: [Int] = []
    private var rows: [Int32] = []
    private var scores: [Float] = []

    /// Starts over with the user's extra scores of items that are held in `blocks` blocks.
    mutating func reset(
        to extras: ExtraScores, user: Int, slots: NumberedSlots, blocks: Int
    ) throws(RetrievalError) {
        found.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        guard user < extras.users else { return }
        // A counting sort: linear, and stable.
        ends.append(contentsOf: repeatElement(0, count: blocks))
        for place in extras.places(of: user) {
            let (number, score) = (extras.numbers[place], extras.scores[place])
            guard score >= 0, score <= RetrievalError.largestCoordinate else {
                throw .extraScore(user: user, number: number, score: score)
            }
            guard let slot = slots[number] else { continue }
            found.append((slot, score))
            ends[slot.block] += 1
        }
        var sum = 0
        for block in ends.indices { (ends[block], sum) = (sum, sum + ends[block]) }
        if rows.count < found.count {
            rows.append(contentsOf: repeatElement(0, count: found.count - rows.count))
            scores.append(contentsOf: repeatElement(0, count: found.count - scores.count))
        }
        // Each start runs to its block's end.
        for (slot, score) in found {
            let place = ends[slot.block]
            ends[slot.block] += 1
            rows[place] = Int32(slot.row)
            scores[place] = score
        }
    }

    /// Raises the scores of a block's rows.
    func add(block: Int, to row: UnsafeMutableBufferPointer<Float>) {
        guard !ends.isEmpty else { return }
        for place in (block > 0 ? ends[block - 1] : 0)..<ends[block] { row[Int(rows[place])] += scores[place] }
    }
}
