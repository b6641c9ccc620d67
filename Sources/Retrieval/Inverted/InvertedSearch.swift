import Commerce
import LinearAlgebra

extension InvertedIndex {
    public func makeScratch() -> InvertedScratch { InvertedScratch() }

    /// So many times more lists and regions are looked into while the first do not hold a list's worth of what a user may have.
    private static let moreLists = 4
    /// Of one list alone, so many blocks are looked at first.
    private static let firstBlocks = 16
    /// Where so few rows of a block pass they are scored at once: what a scan of the codes would cost.
    private static let fewRows = 8
    /// Codes asked for ahead of a scan that may pass over most of them, a byte each.
    private static let firstCodes = 1024
    /// Bytes of the blocks to come that are asked for when a block is scanned, about a block of them, and in each of a dozen steps between.
    private static let askedInScan = 12 << 10
    static let askedInStep = 3 << 9

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
        for user in 0..<users { findLeaders(user, scratch) }
        openFirst(users, scratch)
        for user in 0..<users { lead(user, k, scratch) }
        lookFirst(users, k, scratch)
        for user in 0..<users {
            let wanted = scratch.users[user].breadth.isExhaustive ? -.infinity : scratch.users[user].threshold
            scratch.regions[user].want(promising: wanted)
            scratch.promises[user].want(promising: wanted)
        }
        open(users, scratch)
        scratch.lists.pointee.looks.gather(scratch.promises, count: users, of: partition.lists)
        if !isFlat { enqueue(users, scratch, blocks: 0..<Int.max) }
        staggered(users) { user in
            if !isFlat { scan(firstFor: user, scratch, isFirst: false) }
            // Bounds are left where the first blocks of one list held fewer than k that the user may have.
            if scratch.users[user].bounds.count > 0 {
                pick(user, k, scratch)
            } else {
                approach(scratch.users[user].hits.values)
            }
        } second: { user in
            if scratch.users[user].bounds.count > 0 { settle(user, k, scratch) }
        } third: { user in
            score(user, k, scratch)
        }
    }

    /// Takes users through three steps, in each a user behind the one before: what a step has asked for comes from memory while it is
    /// another user's turn.
    @inline(__always) private func staggered(
        _ users: Int, first: (Int) -> Void, second: (Int) -> Void, third: (Int) -> Void
    ) {
        for turn in 0..<users + 2 {
            if turn < users { first(turn) }
            if turn >= 1, turn <= users { second(turn - 1) }
            if turn >= 2 { third(turn - 2) }
        }
    }

    /// Looks into the best lists of each user, until there are `k` candidates or no more lists.
    private func lookFirst(_ users: Int, _ k: Int, _ scratch: InvertedScratch) {
        var times = 1
        for user in 0..<users { scratch.promises[user].want(best: scratch.users[user].breadth.lists) }
        while true {
            scratch.lists.pointee.looks.gather(scratch.promises, count: users, of: partition.lists)
            enqueue(users, scratch, blocks: 0..<(isFlat ? Self.firstBlocks : Int.max))
            staggered(users) { user in
                scan(firstFor: user, scratch, isFirst: true)
                pick(user, k, scratch)
            } second: { user in
                settle(user, k, scratch)
            } third: { user in
                score(user, k, scratch)
            }
            if isFlat {
                enqueue(users, scratch, blocks: Self.firstBlocks..<Int.max)
                for user in 0..<users { scan(firstFor: user, scratch, isFirst: false) }
            }
            times *= Self.moreLists
            var isOver = true
            for user in 0..<users where isShort(user, scratch) {
                scratch.regions[user].want(best: times * scratch.users[user].breadth.regions)
                isOver = false
            }
            if isOver { break }
            open(users, scratch)
            for user in 0..<users where scratch.users[user].threshold == -.infinity {
                scratch.promises[user].want(best: times * scratch.users[user].breadth.lists)
            }
        }
    }

    /// Whether a user has fewer candidates than a list takes and lists that have not been looked into.
    private func isShort(_ user: Int, _ scratch: InvertedScratch) -> Bool {
        scratch.users[user].threshold == -.infinity
            && !(scratch.regions[user].isAllWanted && scratch.promises[user].isAllWanted)
    }

    /// Queues the blocks of the lists that users want.
    ///
    /// - Parameter which: of each list.
    private func enqueue(_ users: Int, _ scratch: InvertedScratch, blocks which: Range<Int>) {
        let all = scratch.lists
        all.pointee.queue.reset()
        for place in 0..<all.pointee.looks.touched.count {
            let list = all.pointee.looks.look(place).number
            partition.centroids.approach(list)
            if let block = chains.first(of: list) { approachView(block) }
        }
        for user in 0..<users {
            for place in all.pointee.looks.firstTouched(by: user) {
                let (list, lookers) = all.pointee.looks.look(place)
                let isFiltered = scratch.users[Int(all.pointee.looks.lookers.base[lookers.lowerBound])].filter != nil
                var (number, next) = (0, chains.first(of: list))
                while let block = next, number < which.upperBound {
                    if number >= which.lowerBound {
                        let bytes = views[block].masks.count * Kernels.tileBytes(width: partition.width)
                        all.pointee.queue.append(
                            .init(
                                block: block, firstLooker: lookers.lowerBound, lookerEnd: lookers.upperBound,
                                codes: views[block].codes, bytes: isFiltered ? min(bytes, Self.firstCodes) : bytes))
                    }
                    (number, next) = (number + 1, chains.next(after: block))
                }
            }
            all.pointee.queue.endUser()
        }
    }

    /// Asks for what a search reads of a block before its codes.
    private func approachView(_ block: Int) {
        views.withUnsafeBufferPointer {
            guard let start = $0.baseAddress else { return }
            Kernels.prefetchFar(start + block, bytes: MemoryLayout<CodeBlock.View>.stride)
        }
    }

    /// Scans the blocks of the lists that a user wants and nobody before, for all who do.
    private func scan(firstFor user: Int, _ scratch: InvertedScratch, isFirst: Bool) {
        let all = scratch.lists
        for place in all.pointee.queue.places(of: user) {
            all.pointee.queue.begin(place)
            all.pointee.queue.ask(for: Self.askedInScan)
            let look = all.pointee.queue.looks.base[place]
            scan(look.block, look.lookers, scratch, isFirst: isFirst)
        }
    }

    /// Scans a block for those who look into its list: bounds of all rows for those of whom nothing is known, for the others
    /// what may reach their thresholds.
    private func scan(_ place: Int, _ lookers: Range<Int>, _ scratch: InvertedScratch, isFirst: Bool) {
        let block = views[place]
        scratch.lists.pointee.codesRead += block.count * lookers.count
        let width = partition.width
        let (tiles, centroidLength) = (block.masks.count, partition.centroids.lengths[block.list])
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
            let centroid = partition.centroids.score(of: block.list, scratch.queries.pointer + user * width)
            let blur = mine.pointee.blur(in: block, centroid: centroid, centroidLength: centroidLength)
            if isFirst || mine.pointee.threshold == -.infinity {
                mine.pointee.bounds.reserve(rows)
                let first = mine.pointee.bounds.count
                mine.pointee.segments.append(.init(block: place, first: first, rows: block.count))
                mine.pointee.bounds.count += rows
                bounding -= 1
                scratch.prepare(scans + bounding, user, width: width)
                scans[bounding].masks = masks
                scans[bounding].doubt = mine.pointee.doubt(in: block)
                scans[bounding].base = centroid + blur
                scans[bounding].bounds = mine.pointee.bounds.base + first
                scans[bounding].maxima = mine.pointee.maxima.base
                scans[bounding].groups = mine.pointee.groups
                scans[bounding].tile = first / 16
            } else {
                let wanted = mine.pointee.bar - blur - centroid
                // No row of the block adds more than this to the centroid's score.
                if mine.pointee.length * block.distance < wanted { continue }
                mine.pointee.hits.reserve(rows)
                scratch.prepare(scans + hitting, user, width: width)
                scans[hitting].masks = masks
                scans[hitting].doubt = mine.pointee.doubt(in: block)
                scans[hitting].threshold = wanted
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
        let mine = scratch.users + user
        for leader in mine.pointee.extras.leaders.values {
            guard let slot = numbered[leader.number], mine.pointee.filter?.passes(slot) ?? true else { continue }
            mine.pointee.hits.append(slot.rawValue)
            mine.pointee.leads.append(leader.score)
        }
        approach(mine.pointee.hits.values)
    }

    /// Scores the leading items of a user.
    private func lead(_ user: Int, _ k: Int, _ scratch: InvertedScratch) {
        guard scratch.users[user].leads.count > 0 else { return }
        score(user, k, scratch, areLeaders: true)
    }
}
