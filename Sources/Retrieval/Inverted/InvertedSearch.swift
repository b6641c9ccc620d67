import Commerce
import LinearAlgebra

extension InvertedIndex {
    public func makeScratch() -> InvertedScratch { InvertedScratch() }

    /// Lists that are looked into first, and so many times more while they do not hold a list's worth of what a user may have.
    private static let firstLists = 3
    private static let moreLists = 4
    /// Of one list alone, so many blocks are looked at first.
    private static let firstBlocks = 16
    /// Where so few rows of a block pass they are scored at once: what a scan of the codes would cost.
    private static let fewRows = 8
    /// Codes asked for ahead of a scan that may pass over most of them, a byte each.
    private static let firstCodes = 1024

    public func search(
        queries: Span<Float>, k: Int, filters: [ItemFilter], excluding: [ItemExclusions], adding extras: ExtraScores,
        scratch: InvertedScratch
    ) throws(RetrievalError) -> [[ScoredItem]] {
        let total = try RetrievalError.check(
            queries, filters: filters.count, excluding.count, extras, dimension: dimension)
        let k = min(k, count)
        guard k > 0 else { return [[ScoredItem]](repeating: [], count: total) }
        scratch.fit(partition)
        var lists: [[ScoredItem]] = []
        lists.reserveCapacity(total)
        for first in stride(from: 0, to: total, by: InvertedScratch.usersInPass) {
            let users = first..<min(first + InvertedScratch.usersInPass, total)
            load(queries, users, scratch)
            scratch.take(filters.isEmpty ? [] : filters[users], users: users.count, for: self)
            for (place, user) in users.enumerated() {
                scratch.users[place].reset(k: k)
                try scratch.users[place].extras.reset(to: extras, user: user, length: scratch.users[place].length)
                scratch.users[place].excluded.reset(to: excluding, user: user)
            }
            pass(users.count, k, scratch)
            for place in 0..<users.count { lists.append(list(place, k, scratch)) }
        }
        return lists
    }

    /// Copies queries and makes their codes.
    private func load(_ queries: Span<Float>, _ users: Range<Int>, _ scratch: InvertedScratch) {
        let width = partition.width
        for (place, user) in users.enumerated() {
            let row = scratch.queries.pointer + place * width
            let query = queries.extracting(user * dimension..<(user + 1) * dimension)
            query.withUnsafeBufferPointer {
                if let values = $0.baseAddress { row.update(from: values, count: dimension) }
            }
            (row + dimension).update(repeating: 0, count: width - dimension)
            scratch.users[place].encode(row, into: scratch.codes + place * width, width: width)
        }
    }

    /// Finds the best of some users, in two rounds: bounds of the rows of the best lists, which say what a score must reach, and
    /// then what may reach it in the lists that promise as much.
    private func pass(_ users: Int, _ k: Int, _ scratch: InvertedScratch) {
        let stride = Kernels.padded(partition.lists)
        for user in 0..<users {
            scratch.scans[user].query = UnsafePointer(scratch.codes + user * partition.width)
            scratch.scans[user].start = scratch.users[user].start
            scratch.scans[user].step = scratch.users[user].step
            scratch.scans[user].bounds = scratch.promises.pointer + user * stride
            scratch.scans[user].maxima = scratch.maxima.pointer
        }
        for user in 0..<users { findLeaders(user, scratch) }
        partition.estimate(for: scratch.scans, count: users)
        scratch.promise(self, users: users)
        for user in 0..<users { lead(user, k, scratch) }
        lookFirst(users, k, scratch)
        for user in 0..<users {
            scratch.users[user].wanted = isExhaustive ? -.infinity : scratch.users[user].threshold
        }
        scratch.gather(lists: partition.lists, users: users)
        if !isFlat { round(scratch, 0, isFirst: false) }
        for user in 0..<users {
            // Bounds are left where the first blocks of one list held fewer than k that the user may have.
            if scratch.users[user].bounds.count > 0 {
                pick(user, k, scratch)
                settle(user, k, scratch)
            } else {
                approach(scratch.users[user].hits.values)
            }
        }
        for user in 0..<users { score(user, k, scratch) }
    }

    /// Looks into the best lists of each user, until there are `k` candidates or no more lists.
    private func lookFirst(_ users: Int, _ k: Int, _ scratch: InvertedScratch) {
        let lists = partition.lists
        for user in 0..<users { scratch.want(Self.firstLists, of: lists, user: user) }
        var count = Self.firstLists
        while true {
            scratch.gather(lists: lists, users: users)
            round(scratch, 0, isFirst: true)
            // Step by step for all users: the rows of one come from memory while the others' bounds are gone through.
            for user in 0..<users { pick(user, k, scratch) }
            for user in 0..<users { settle(user, k, scratch) }
            for user in 0..<users { score(user, k, scratch) }
            if isFlat { round(scratch, Self.firstBlocks, isFirst: false) }
            count *= Self.moreLists
            var isOver = true
            for user in 0..<users where scratch.users[user].threshold == -.infinity {
                guard scratch.users[user].looked > -.infinity else { continue }
                scratch.want(count, of: lists, user: user)
                isOver = false
            }
            if isOver { break }
        }
    }

    /// Scans the lists that users look into.
    ///
    /// - Parameter skipped: blocks of each that have been scanned.
    private func round(_ scratch: InvertedScratch, _ skipped: Int, isFirst: Bool) {
        let most = isFirst && isFlat ? Self.firstBlocks : .max
        for place in 0..<scratch.lists.pointee.looks.touched.count {
            let (list, lookers) = scratch.lists.pointee.looks.look(place)
            let blocks = lists[list].dropFirst(skipped).prefix(most)
            for (number, block) in zip(blocks.indices, blocks) {
                if number + 1 < blocks.endIndex {
                    approach(blocks[number + 1], lookers, scratch)
                } else if place + 1 < scratch.lists.pointee.looks.touched.count {
                    let (list, lookers) = scratch.lists.pointee.looks.look(place + 1)
                    if let next = lists[list].dropFirst(skipped).first { approach(next, lookers, scratch) }
                }
                scan(block, lookers, scratch, isFirst: isFirst)
            }
        }
    }

    /// Asks for what the scan of a block reads: all of it, which takes a third off a scan of memory, but for those who pass over most
    /// tiles the beginning.
    private func approach(_ block: Int, _ lookers: Range<Int>, _ scratch: InvertedScratch) {
        guard let masks = views[block].masks.baseAddress else { return }
        Kernels.prefetch(masks)
        let isFiltered = scratch.users[Int(scratch.lists.pointee.looks.lookers.base[lookers.lowerBound])].filter != nil
        let all = views[block].masks.count * 16 * partition.width
        Kernels.prefetchFar(views[block].codes, bytes: isFiltered ? min(all, Self.firstCodes) : all)
    }

    /// Scans a block for those who look into its list: bounds of all rows for those of whom nothing is known, for the others
    /// what may reach their thresholds.
    private func scan(_ place: Int, _ lookers: Range<Int>, _ scratch: InvertedScratch, isFirst: Bool) {
        let block = views[place]
        let width = partition.width
        let (tiles, centroidLength) = (block.masks.count, partition.lengths[block.list])
        let rows = tiles * 16
        let scans = scratch.scans
        // Users of bounds from the end, users of hits from the start.
        var (bounding, hitting) = (InvertedScratch.usersInPass, 0)
        for number in lookers {
            let user = Int(scratch.lists.pointee.looks.lookers.base[number])
            let mine = scratch.users + user
            var masks = block.masks.baseAddress
            if let filter = mine.pointee.filter {
                let passing = Int(filter.inBlock[place])
                masks = filter.masks + place * (Slot.rowsInBlock / 16)
                if passing <= Self.fewRows {
                    if passing > 0 { gather(masks, tiles, place, &mine.pointee.hits) }
                    continue
                }
            }
            let centroid = partition.score(of: block.list, scratch.queries.pointer + user * width)
            let margin = mine.pointee.margin(in: block, centroid: centroid, centroidLength: centroidLength)
            let step = mine.pointee.step * block.step
            if isFirst || mine.pointee.threshold == -.infinity {
                mine.pointee.bounds.reserve(rows)
                let first = mine.pointee.bounds.count
                mine.pointee.segments.append(.init(block: place, first: first, rows: block.count, margin: margin))
                mine.pointee.largestMargin = max(mine.pointee.largestMargin, margin)
                mine.pointee.bounds.count += rows
                bounding -= 1
                scans[bounding].query = UnsafePointer(scratch.codes + user * width)
                scans[bounding].masks = masks
                scans[bounding].start = mine.pointee.start
                scans[bounding].step = step
                scans[bounding].base = centroid - margin
                scans[bounding].bounds = mine.pointee.bounds.base + first
                scans[bounding].maxima = mine.pointee.maxima.base
                scans[bounding].groups = mine.pointee.groups
                scans[bounding].tile = first / 16
            } else {
                let wanted = mine.pointee.threshold - mine.pointee.extras.rest - margin - centroid
                // No row of the block adds more than this to the centroid's score.
                if mine.pointee.length * block.reach < wanted { continue }
                mine.pointee.hits.reserve(rows)
                scans[hitting].query = UnsafePointer(scratch.codes + user * width)
                scans[hitting].masks = masks
                scans[hitting].start = mine.pointee.start
                scans[hitting].threshold =
                    step > 0 ? Int32((wanted / step).rounded(.down).clamped(to: -2e9...2e9)) - 1 : .min
                scans[hitting].hits = mine.pointee.hits.base
                scans[hitting].found = mine.pointee.hits.count
                scans[hitting].slot = UInt32(place * Slot.rowsInBlock)
                scans[hitting].tile = user
                hitting += 1
            }
        }
        if bounding < InvertedScratch.usersInPass {
            Kernels.scanBounds(
                block.codes, tiles: tiles, width: width, for: scans + bounding,
                count: InvertedScratch.usersInPass - bounding)
        }
        if hitting > 0 {
            Kernels.scanHits(block.codes, tiles: tiles, width: width, for: scans, count: hitting)
            for number in 0..<hitting { scratch.users[scans[number].tile].hits.count = scans[number].found }
        }
    }

    /// Appends the rows of a mask.
    private func gather(_ masks: UnsafePointer<UInt16>?, _ tiles: Int, _ place: Int, _ hits: inout Growing<UInt32>) {
        guard let masks else { return }
        for tile in 0..<tiles {
            var rest = masks[tile]
            while rest != 0 {
                hits.append(UInt32(place * Slot.rowsInBlock + tile * 16 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
    }

    /// Makes hits of the items of a user's leading extra scores, wherever they stand, and asks for what their scores are made of.
    private func findLeaders(_ user: Int, _ scratch: InvertedScratch) {
        let (mine, width) = (scratch.users + user, partition.width)
        for leader in mine.pointee.extras.leaders.values {
            guard let slot = numbered[leader.number], mine.pointee.filter?.passes(slot) ?? true else { continue }
            mine.pointee.hits.append(slot.rawValue)
            mine.pointee.leads.append(leader.score)
            Kernels.prefetch(views[slot.block].vectors + slot.row * width, count: width)
        }
    }

    /// Scores the leading items of a user.
    private func lead(_ user: Int, _ k: Int, _ scratch: InvertedScratch) {
        guard scratch.users[user].leads.count > 0 else { return }
        score(user, k, scratch, areLeaders: true)
    }
}
