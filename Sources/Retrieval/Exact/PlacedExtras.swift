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
            guard ExtraScores.mayHold(score) else {
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
