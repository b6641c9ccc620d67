import Commerce

/// Where an item's row stands: blocks of `ItemBlock.capacity` rows, counted through.
struct Slot: Equatable, Sendable {
    let rawValue: UInt32

    init(_ position: Int) { rawValue = UInt32(truncatingIfNeeded: position) }

    var block: Int { Int(rawValue) / ItemBlock.capacity }
    var row: Int { Int(rawValue) % ItemBlock.capacity }
}

/// The slot of each item, in shards that copies share until one of them changes: a change copies one shard, not the map.
struct ItemSlots: Sendable {
    private static let shards = 1024
    private var shards = [[ItemID: Slot]](repeating: [:], count: ItemSlots.shards)

    /// The item's slot, nil if it has none.
    subscript(item: ItemID) -> Slot? {
        get { shards[shard(of: item)][item] }
        set { shards[shard(of: item)][item] = newValue }
    }

    private func shard(of item: ItemID) -> Int { item.hashValue & (Self.shards - 1) }
}
