import Commerce

extension InvertedIndex {
    /// The `k` items of lowest id that pass the filter and are not among the excluded ones, by id: what may be in a list where nothing
    /// tells items apart.
    public func first(
        _ k: Int, passing filter: ItemFilter, excluding exclusions: ItemExclusions, scratch: InvertedScratch
    ) -> [ItemID] {
        guard k > 0 else { return [] }
        let mask = scratch.filters.compiled(filter, for: self).view
        var excluded = ExcludedItems()
        excluded.reset(to: [exclusions], user: 0)
        let views = views
        func item(_ slot: Slot) -> ItemID { views[slot.block].names[slot.row].item }
        var best: [Candidate] = []
        for (place, block) in views.enumerated() where mask.inBlock[place] > 0 {
            for row in 0..<block.count {
                let slot = Slot(block: place, row: row)
                guard mask.passes(slot) else { continue }
                let candidate = Candidate(score: 0, slot: slot, prefix: block.names[row].key.prefix)
                if best.count == k, let last = best.last, !candidate.ranks(before: last, item) { continue }
                if excluded.contains(blocks[place].entry(row), profiles) { continue }
                if best.count == k { best.removeLast() }
                best.insert(candidate, at: best.lastIndex { $0.ranks(before: candidate, item) }.map { $0 + 1 } ?? 0)
            }
        }
        return best.map { item($0.slot) }
    }
}
