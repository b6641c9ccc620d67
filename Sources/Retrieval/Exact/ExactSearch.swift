import Commerce
import LinearAlgebra

/// Working memory of searches in an `ExactIndex`, grown to the largest search it has served.
public final class ExactScratch {
    /// Users who share a pass over the items: enough that a block's way from memory is shared by many.
    static let usersInPass = 32
    /// Bound on the candidates of a pass: an absurd k makes passes of fewer users, not more memory.
    static let candidatesInPass = 1 << 18

    var queries = AlignedBuffer(count: 0)
    var scores = AlignedBuffer(count: ExactScratch.usersInPass * Slot.rowsInBlock)
    var hits = [UInt32](repeating: 0, count: Slot.rowsInBlock)
    var users = [User](repeating: User(), count: ExactScratch.usersInPass)

    /// What a pass keeps for a user.
    struct User {
        var top = TopCandidates()
        var excluded = ExcludedItems()
        var filter: ItemFilter?
        var extras = PlacedExtras()
    }

    public init() {}
}

extension ExactIndex {
    public func makeScratch() -> ExactScratch { ExactScratch() }

    public func search(
        queries: Span<Float>, k: Int, filters: [ItemFilter], excluding: [ItemExclusions], adding extras: ExtraScores,
        scratch: ExactScratch
    ) throws(RetrievalError) -> [[ScoredItem]] {
        let total = try RetrievalError.check(
            queries, filters: filters.count, excluding.count, extras, dimension: dimension)
        let capacity = min(k, count)
        guard capacity > 0 else { return [[ScoredItem]](repeating: [], count: total) }

        let together = max(1, min(ExactScratch.usersInPass, ExactScratch.candidatesInPass / capacity))
        var lists: [[ScoredItem]] = []
        lists.reserveCapacity(total)
        for first in stride(from: 0, to: total, by: together) {
            let users = min(together, total - first)
            load(queries, users: first..<first + users, into: scratch)
            for u in 0..<users {
                scratch.users[u].top.reset(capacity: capacity)
                try scratch.users[u].extras.reset(
                    to: extras, user: first + u, slots: numbered, blocks: blocks.count)
                scratch.users[u].excluded.reset(to: excluding, user: first + u)
                scratch.users[u].filter = filters.isEmpty ? nil : filters[first + u]
            }
            for block in blocks.indices { pass(over: block, users: users, scratch) }
            for u in 0..<users { lists.append(scratch.users[u].top.list(in: blocks)) }
        }
        return lists
    }

    /// Copies the users' queries into rows of `width`, in the order of coordinates that tiles have.
    private func load(_ queries: Span<Float>, users: Range<Int>, into scratch: ExactScratch) {
        let needed = ExactScratch.usersInPass * width
        if scratch.queries.count != needed { scratch.queries = AlignedBuffer(count: needed) }
        guard let rows = scratch.queries.mutableValues.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { padded in
            guard let padded = padded.baseAddress else { return }
            padded.initialize(repeating: 0, count: width)
            for (row, user) in users.enumerated() {
                for i in 0..<dimension { padded[i] = queries[user * dimension + i] }
                Kernels.turn(padded, width: width, into: rows + row * width)
            }
        }
    }

    /// Scores a block for the users of a pass and gives each what ranks among the user's best and is not excluded.
    private func pass(over index: Int, users: Int, _ scratch: ExactScratch) {
        let block = blocks[index]
        Kernels.scoreTiles(
            block.tiles, queries: UnsafeBufferPointer(rebasing: scratch.queries.values[..<(users * width)]),
            width: width, into: scratch.scores.mutableValues, stride: Slot.rowsInBlock)
        for u in 0..<users {
            let first = u * Slot.rowsInBlock
            // Every item has its dense score here, so the extra ones are added in place and nothing else changes.
            let scores = UnsafeMutableBufferPointer(
                rebasing: scratch.scores.mutableValues[first..<first + block.count])
            scratch.users[u].extras.add(block: index, to: scores)
            let row = UnsafeBufferPointer(scores)
            let threshold = scratch.users[u].top.threshold
            let found = scratch.hits.withUnsafeMutableBufferPointer {
                Kernels.select(from: threshold, of: row, into: $0)
            }
            for hit in 0..<found {
                let position = Int(scratch.hits[hit])
                let candidate = Candidate(
                    score: row[position], slot: Slot(index * Slot.rowsInBlock + position),
                    prefix: block.entries[position].key.prefix)
                guard scratch.users[u].top.admits(candidate, in: blocks),
                    passes(block.entries[position], scratch.users[u].filter),
                    !scratch.users[u].excluded.contains(block.entries[position], profiles)
                else { continue }
                scratch.users[u].top.insert(candidate, in: blocks)
            }
        }
    }

    private func passes(_ entry: ItemEntry, _ filter: ItemFilter?) -> Bool {
        filter?.condition.holds(for: entry.item, profiles.attributes(entry.traits), isNew: entry.number == nil) ?? true
    }
}
