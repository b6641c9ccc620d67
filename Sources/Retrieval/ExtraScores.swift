/// What is added to the dot products of some items, per user of a search: the sparse part of a score.
///
/// Items are named by the numbers under which they entered the index: a user has some hundred extra scores, and finding
/// each by its id would cost more than the search. Memory is kept from one search to the next.
public struct ExtraScores: Sendable {
    /// What one item's score is raised by for one user.
    struct Entry {
        var number: Int32
        var score: Float
    }

    private var entries: [Entry] = []
    /// Per user the end of the user's entries.
    private var ends: [Int] = []

    /// Of no user.
    public init() {}

    /// Users so far.
    public var users: Int { ends.count }

    /// Starts over.
    public mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Adds an item to the user who is being described; each item at most once.
    ///
    /// - Parameters:
    ///   - number: as given to `ItemIndex.upsert`; one that no held item has does no harm.
    ///   - score: 0 to `RetrievalError.largestCoordinate`; a search refuses another.
    public mutating func append(_ score: Float, to number: Int32) {
        entries.append(Entry(number: number, score: score))
    }

    /// Ends the description of a user; what follows is of the next.
    public mutating func endUser() { ends.append(entries.count) }

    /// The entries of a user.
    subscript(user: Int) -> ArraySlice<Entry> { entries[(user > 0 ? ends[user - 1] : 0)..<ends[user]] }
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
        for entry in extras[user] {
            guard entry.score >= 0, entry.score <= RetrievalError.largestCoordinate else {
                throw .extraScore(user: user, number: entry.number, score: entry.score)
            }
            guard let slot = slots[entry.number] else { continue }
            found.append((slot, entry.score))
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
