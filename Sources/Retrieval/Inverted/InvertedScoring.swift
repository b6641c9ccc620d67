import Commerce
import LinearAlgebra

/// What scans leave, scored exactly, and the lists made of it.
extension InvertedIndex {
    /// Turns the bounds of a user into candidates: first the rows of the best bounds, whose scores say what the others must reach,
    /// then those that may.
    func settle(_ user: Int, _ k: Int, _ scratch: InvertedScratch) {
        let mine = scratch.users + user
        let bounds = mine.pointee.bounds.values
        scratch.lists.pointee.spare.count = 0
        scratch.lists.pointee.spare.reserve(Kernels.padded(max(bounds.count, mine.pointee.maxima.count)))
        // At least k rows reach it.
        var lower = Kernels.largest(k, of: mine.pointee.maxima.values, scratch: scratch.lists.pointee.spare.base)
        var upper = Float.infinity
        var looked = 0
        while true {
            for segment in mine.pointee.segments {
                collect(segment, from: lower, below: upper, bounds, &mine.pointee.hits)
            }
            looked += mine.pointee.hits.count
            score(user, scratch)
            raiseThreshold(user, k, scratch)
            if mine.pointee.threshold > -.infinity || lower == -.infinity { break }
            // Some of them were excluded: as many more, and a few that will be.
            upper = lower
            let needed = looked + k + 8
            lower =
                needed < bounds.count
                ? Kernels.largest(needed, of: bounds, scratch: scratch.lists.pointee.spare.base) : -.infinity
        }
        if lower > -.infinity {
            let bar = mine.pointee.threshold - mine.pointee.extras.rest
            for segment in mine.pointee.segments {
                collect(segment, from: bar - 2 * segment.margin, below: lower, bounds, &mine.pointee.hits)
            }
            score(user, scratch)
        }
        raiseThreshold(user, k, scratch)
        mine.pointee.segments.removeAll(keepingCapacity: true)
        mine.pointee.bounds.count = 0
    }

    /// Appends the rows of a segment whose bounds lie in a band.
    private func collect(
        _ segment: SearchUser.Segment, from lower: Float, below upper: Float, _ bounds: UnsafeBufferPointer<Float>,
        _ hits: inout Growing<UInt32>
    ) {
        guard lower < upper else { return }
        hits.reserve(segment.rows)
        let mine = UnsafeBufferPointer(rebasing: bounds[segment.first..<segment.first + segment.rows])
        let target = hits.base + hits.count
        let found = Kernels.selectAtLeast(
            max(lower, -.greatestFiniteMagnitude), of: mine,
            into: UnsafeMutableBufferPointer(start: target, count: segment.rows))
        var kept = 0
        for place in 0..<found where mine[Int(target[place])] < upper {
            target[kept] = target[place] + UInt32(segment.block * Slot.rowsInBlock)
            kept += 1
        }
        hits.count += kept
    }

    /// Scores the hits of a user exactly; those that the user may have become candidates.
    ///
    /// - Parameter areLeaders: whether `scratch.spare` holds what is to be added to their scores.
    func score(_ user: Int, _ scratch: InvertedScratch, areLeaders: Bool = false) {
        let mine = scratch.users + user
        let (hits, width) = (mine.pointee.hits.values, partition.width)
        mine.pointee.hits.count = 0
        scratch.lists.pointee.rows.count = 0
        scratch.lists.pointee.scores.count = 0
        scratch.lists.pointee.scores.reserve(hits.count)
        scratch.lists.pointee.rows.reserve(hits.count)
        for hit in hits {
            let slot = Slot(Int(hit))
            Kernels.prefetch(views[slot.block].keys + slot.row)
            scratch.lists.pointee.rows.append(views[slot.block].vectors + slot.row * width)
        }
        Kernels.dot(
            scratch.queries.pointer + user * width, rows: scratch.lists.pointee.rows.values, width: width,
            into: scratch.lists.pointee.scores.base)
        mine.pointee.candidates.reserve(hits.count)
        for (place, hit) in hits.enumerated() {
            let (slot, dense) = (Slot(Int(hit)), scratch.lists.pointee.scores.base[place])
            // Rounding is monotonous: what is too low with the largest extra score is so with its own.
            if !areLeaders && dense + mine.pointee.extras.rest < mine.pointee.threshold { continue }
            let key = views[slot.block].keys[slot.row]
            guard
                let extra = areLeaders
                    ? scratch.lists.pointee.spare.base[place] : mine.pointee.extras.extra(of: key.number)
            else { continue }
            let score = dense + extra
            guard score >= mine.pointee.threshold,
                !mine.pointee.excluded.contains(hash: key.hash, blocks[slot.block].entry(slot.row), profiles)
            else { continue }
            mine.pointee.candidates.append(Candidate(score: score, slot: slot, prefix: key.prefix))
        }
    }

    private func item(_ slot: Slot) -> ItemID { views[slot.block].items[slot.row] }

    /// The k-th best candidate's score is a bar for all others.
    func raiseThreshold(_ user: Int, _ k: Int, _ scratch: InvertedScratch) {
        let mine = scratch.users + user
        let candidates = mine.pointee.candidates.values
        guard candidates.count >= k, candidates.count > mine.pointee.ranked else { return }
        mine.pointee.ranked = candidates.count
        scratch.lists.pointee.scores.count = 0
        scratch.lists.pointee.scores.reserve(2 * Kernels.padded(candidates.count))
        for candidate in candidates { scratch.lists.pointee.scores.append(candidate.score) }
        mine.pointee.threshold = Kernels.largest(
            k, of: scratch.lists.pointee.scores.values, scratch: scratch.lists.pointee.scores.base + candidates.count)
    }

    /// The best candidates, best first.
    func list(_ user: Int, _ k: Int, _ scratch: InvertedScratch) -> [ScoredItem] {
        raiseThreshold(user, k, scratch)
        let mine = scratch.users + user
        let candidates = mine.pointee.candidates.base
        var count = 0
        for place in 0..<mine.pointee.candidates.count where candidates[place].score >= mine.pointee.threshold {
            candidates[count] = candidates[place]
            Kernels.prefetch(views[candidates[count].slot.block].items + candidates[count].slot.row)
            count += 1
        }
        if count <= Self.fewCandidates {
            // A sort by insertion, which for a list of usual length is the quickest.
            for place in stride(from: 1, to: count, by: 1) {
                let candidate = candidates[place]
                var target = place
                while target > 0, candidate.ranks(before: candidates[target - 1], item) {
                    candidates[target] = candidates[target - 1]
                    target -= 1
                }
                candidates[target] = candidate
            }
        } else {
            var best = UnsafeMutableBufferPointer(start: candidates, count: count)
            best.sort { $0.ranks(before: $1, item) }
        }
        return (0..<min(k, count)).map { place in
            let slot = candidates[place].slot
            let number = views[slot.block].keys[slot.row].number
            return ScoredItem(item: item(slot), score: candidates[place].score, number: number < 0 ? nil : number)
        }
    }

    private static let fewCandidates = 64
}
