import Commerce

/// Some items, found by their hashes.
struct HashedItems {
    private var items: [ItemID] = []
    /// Of each item.
    private var hashes: [UInt32] = []
    /// Open addressing, a power of two of slots: the place of an item, or -1. Three of four are free, so that most of what is not
    /// among the items is told from them at the first look.
    private var slots: [Int32] = []

    init() {}

    init(_ items: some Collection<ItemID>) { reset(to: items) }

    /// Starts over with these items.
    mutating func reset(to new: some Collection<ItemID>) {
        items.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        items.append(contentsOf: new)
        var count = 16
        while count < 4 * items.count { count *= 2 }
        if slots.count == count {
            slots.withUnsafeMutableBufferPointer { $0.update(repeating: -1) }
        } else {
            slots = [Int32](repeating: -1, count: count)
        }
        for (place, item) in items.enumerated() {
            let hash = ItemEntry.hash(item)
            hashes.append(hash)
            var slot = Int(hash) & (count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (count - 1) }
            slots[slot] = Int32(place)
        }
    }

    /// Marks the hashes of all.
    func mark(_ marks: inout ExcludedItems.Marks) {
        for hash in hashes { marks.insert(hash) }
    }

    /// Whether an item is among them.
    ///
    /// - Parameters:
    ///   - hash: the item's, by `ItemEntry.hash`.
    ///   - item: asked for if one of them has its hash.
    func contains(hash: UInt32, _ item: @autoclosure () -> ItemID) -> Bool {
        guard !items.isEmpty else { return false }
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let place = Int(slots[slot])
            if hashes[place] == hash, items[place] == item() { return true }
            slot = (slot + 1) & (slots.count - 1)
        }
        return false
    }
}
