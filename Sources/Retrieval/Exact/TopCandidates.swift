import Commerce

extension Candidate {
    /// The order of lists, among rows of blocks.
    func ranks(before other: Candidate, in blocks: [ItemBlock]) -> Bool {
        ranks(before: other) { blocks[$0.block].entries[$0.row].item }
    }
}

/// The best candidates that a user has been offered: a heap whose root is the first to go.
struct TopCandidates {
    private var heap: [Candidate] = []
    private var capacity = 0

    /// Starts over, with room for `capacity` (at least 1) candidates.
    mutating func reset(capacity: Int) {
        self.capacity = capacity
        heap.removeAll(keepingCapacity: true)
        heap.reserveCapacity(capacity)
    }

    /// No candidate of a lower score can enter; every finite score is at least this while there is room.
    var threshold: Float { heap.count < capacity ? -.greatestFiniteMagnitude : heap[0].score }

    /// Whether the candidate is among the best so far.
    func admits(_ candidate: Candidate, in blocks: [ItemBlock]) -> Bool {
        heap.count < capacity || candidate.ranks(before: heap[0], in: blocks)
    }

    /// Takes in an admitted candidate, for the worst if there is no more room.
    mutating func insert(_ candidate: Candidate, in blocks: [ItemBlock]) {
        if heap.count < capacity {
            heap.append(candidate)
            siftUp(in: blocks)
        } else {
            heap[0] = candidate
            siftDown(in: blocks)
        }
    }

    /// The candidates as a list, best first.
    mutating func list(in blocks: [ItemBlock]) -> [ScoredItem] {
        heap.sort { $0.ranks(before: $1, in: blocks) }
        return heap.map {
            let entry = blocks[$0.slot.block].entries[$0.slot.row]
            return ScoredItem(item: entry.item, score: $0.score, number: entry.number)
        }
    }

    private mutating func siftUp(in blocks: [ItemBlock]) {
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent].ranks(before: heap[child], in: blocks) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown(in blocks: [ItemBlock]) {
        var parent = 0
        while true {
            let (left, right) = (2 * parent + 1, 2 * parent + 2)
            var worst = parent
            if left < heap.count, heap[worst].ranks(before: heap[left], in: blocks) { worst = left }
            if right < heap.count, heap[worst].ranks(before: heap[right], in: blocks) { worst = right }
            if worst == parent { return }
            heap.swapAt(parent, worst)
            parent = worst
        }
    }
}
