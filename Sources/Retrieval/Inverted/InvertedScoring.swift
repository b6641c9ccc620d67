import Commerce
import LinearAlgebra

/// What scans leave, scored exactly, and the lists made of it.
extension InvertedIndex {
    /// Makes hits of the rows of a user's best bounds, at least k of them, unless leading items have set a higher bar.
    func pick(_ user: Int, _ k: Int, _ scratch: InvertedScratch) {
        let mine = scratch.users + user
        scratch.lists.pointee.queue.ask(for: Self.askedInStep)
        mine.pointee.picked = max(Kernels.largest(k, of: mine.pointee.maxima.values), mine.pointee.bar)
        collect(user, from: mine.pointee.picked, below: .infinity, scratch)
        approach(mine.pointee.hits.values)
    }

    /// Asks for what is scored of some hits.
    func approach(_ hits: UnsafeBufferPointer<UInt32>) {
        let bytes = partition.width * MemoryLayout<Float>.stride
        for hit in hits {
            let slot = Slot(Int(hit))
            Kernels.prefetchFar(views[slot.block].names + slot.row, bytes: 1)
            Kernels.prefetchFar(views[slot.block].vectors + slot.row * partition.width, bytes: bytes)
        }
    }

    /// Scores the rows that `pick` has found, which says what the others must reach, and makes hits of those that may.
    func settle(_ user: Int, _ k: Int, _ scratch: InvertedScratch) {
        let mine = scratch.users + user
        let bounds = mine.pointee.bounds.values
        var lower = mine.pointee.picked
        var looked = 0
        while true {
            looked += mine.pointee.hits.count
            score(user, k, scratch)
            if mine.pointee.threshold > -.infinity || lower == -.infinity { break }
            // Some of them were excluded: as many more, and a few that will be.
            let (upper, needed) = (lower, looked + k + 8)
            lower = needed < bounds.count ? Kernels.largest(needed, of: bounds) : -.infinity
            collect(user, from: lower, below: upper, scratch)
        }
        let bar = mine.pointee.bar
        if bar < lower {
            collect(user, from: bar, below: lower, scratch)
            approach(mine.pointee.hits.values)
        }
        mine.pointee.segments.removeAll(keepingCapacity: true)
        mine.pointee.bounds.count = 0
    }

    /// Makes hits of a user's rows whose upper bounds lie in a band.
    private func collect(_ user: Int, from lower: Float, below upper: Float, _ scratch: InvertedScratch) {
        let mine = scratch.users + user
        for segment in mine.pointee.segments {
            scratch.lists.pointee.queue.ask(for: Self.askedInStep)
            let bounds = UnsafeBufferPointer(
                start: mine.pointee.bounds.base + segment.first, count: Kernels.padded(segment.rows))
            mine.pointee.hits.reserve(bounds.count)
            mine.pointee.hits.count += Kernels.select(
                from: max(lower, -.greatestFiniteMagnitude), below: upper, of: bounds,
                numberedFrom: UInt32(segment.block * Slot.rowsInBlock),
                into: UnsafeMutableBufferPointer(
                    start: mine.pointee.hits.base + mine.pointee.hits.count, count: bounds.count))
        }
    }

    /// Scores the hits of a user exactly; those that the user may have become candidates, and the threshold rises to the k-th best.
    ///
    /// - Parameter areLeaders: whether `leads` holds what is to be added to their scores.
    func score(_ user: Int, _ k: Int, _ scratch: InvertedScratch, areLeaders: Bool = false) {
        let mine = scratch.users + user
        let (hits, width) = (mine.pointee.hits.values, partition.width)
        mine.pointee.hits.count = 0
        scratch.lists.pointee.rows.count = 0
        scratch.lists.pointee.scores.count = 0
        scratch.lists.pointee.scores.reserve(hits.count)
        scratch.lists.pointee.rows.reserve(hits.count)
        for hit in hits {
            let slot = Slot(Int(hit))
            Kernels.prefetch(views[slot.block].names + slot.row)
            scratch.lists.pointee.rows.append(views[slot.block].vectors + slot.row * width)
        }
        scratch.lists.pointee.queue.ask(for: Self.askedInStep)
        Kernels.dot(
            scratch.queries.pointer + user * width, rows: scratch.lists.pointee.rows.values, width: width,
            into: scratch.lists.pointee.scores.base)
        scratch.lists.pointee.queue.ask(for: Self.askedInStep)
        mine.pointee.candidates.reserve(hits.count)
        let (extras, threshold) = (mine.pointee.extras.view, mine.pointee.threshold)
        for (place, hit) in hits.enumerated() {
            let (slot, dense) = (Slot(Int(hit)), scratch.lists.pointee.scores.base[place])
            // Rounding is monotonous: what is too low with the largest extra score is so with its own.
            if !areLeaders && dense + extras.rest < threshold { continue }
            let key = views[slot.block].names[slot.row].key
            guard let extra = areLeaders ? mine.pointee.leads.base[place] : extras.extra(of: key.number) else {
                continue
            }
            let score = dense + extra
            if score < threshold { continue }
            if mine.pointee.excluded.mayHold(key.hash), isExcluded(slot, mine) { continue }
            mine.pointee.candidates.append(Candidate(score: score, slot: slot, prefix: key.prefix))
        }
        raiseThreshold(user, k, scratch)
    }

    // Out of line: what it takes of the index has its references counted, which most candidates need not pay for.
    @inline(never) private func isExcluded(_ slot: Slot, _ user: UnsafeMutablePointer<SearchUser>) -> Bool {
        user.pointee.excluded.contains(blocks[slot.block].entry(slot.row), profiles)
    }

    /// The k-th best candidate's score is a bar for all others.
    private func raiseThreshold(_ user: Int, _ k: Int, _ scratch: InvertedScratch) {
        let mine = scratch.users + user
        let count = mine.pointee.candidates.count
        guard count >= k, count > mine.pointee.ranked else { return }
        mine.pointee.ranked = count
        mine.pointee.threshold = Kernels.largest(k, of: candidateScores(user, scratch))
    }

    private func candidateScores(_ user: Int, _ scratch: InvertedScratch) -> UnsafeBufferPointer<Float> {
        let candidates = scratch.users[user].candidates.values
        scratch.lists.pointee.scores.count = 0
        scratch.lists.pointee.scores.reserve(candidates.count)
        for candidate in candidates { scratch.lists.pointee.scores.append(candidate.score) }
        return scratch.lists.pointee.scores.values
    }

    /// The best candidates, best first.
    func list(_ user: Int, _ k: Int, _ scratch: InvertedScratch) -> [ScoredItem] {
        let mine = scratch.users + user
        let candidates = mine.pointee.candidates.base
        var count = 0
        for place in 0..<mine.pointee.candidates.count where candidates[place].score >= mine.pointee.threshold {
            candidates[count] = candidates[place]
            count += 1
        }
        mine.pointee.candidates.count = count
        let order = order(user, scratch)
        return (0..<min(k, count)).map { place in
            let candidate = candidates[Int(order[place])]
            let name = views[candidate.slot.block].names + candidate.slot.row
            let number = name.pointee.key.number
            return ScoredItem(
                item: name.pointee.item, score: candidate.score, number: number < 0 ? nil : number)
        }
    }

    /// The places of the candidates of a user in the order of lists.
    private func order(_ user: Int, _ scratch: InvertedScratch) -> UnsafeMutableBufferPointer<UInt32> {
        let candidates = scratch.users[user].candidates.values
        scratch.lists.pointee.places.count = 0
        scratch.lists.pointee.places.reserve(candidates.count)
        var order = UnsafeMutableBufferPointer(
            start: scratch.lists.pointee.places.base, count: candidates.count)
        func item(_ slot: Slot) -> ItemID { views[slot.block].names[slot.row].item }
        func precedes(_ one: UInt32, _ other: UInt32) -> Bool {
            candidates[Int(one)].ranks(before: candidates[Int(other)], item)
        }
        guard let start = order.baseAddress, candidates.count <= Self.fewCandidates else {
            for place in order.indices { order[place] = UInt32(place) }
            order.sort(by: precedes)
            return order
        }
        Kernels.rank(candidateScores(user, scratch), into: start)
        // Equal scores go by the item.
        for place in stride(from: 1, to: order.count, by: 1) {
            var target = place
            while target > 0, precedes(order[target], order[target - 1]) {
                order.swapAt(target, target - 1)
                target -= 1
            }
        }
        return order
    }

    private static let fewCandidates = 64
}
