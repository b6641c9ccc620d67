import Commerce

/// Where an item's row stands: blocks of `rowsInBlock` rows, counted through.
struct Slot: Equatable, Sendable {
    /// Rows of a block, a multiple of 16: what a change copies at most, and a search scores at a time.
    static let rowsInBlock = 256

    let rawValue: UInt32

    init(block: Int, row: Int) { self.init(block * Slot.rowsInBlock + row) }

    init(_ position: Int) { rawValue = UInt32(truncatingIfNeeded: position) }

    var block: Int { Int(rawValue) / Slot.rowsInBlock }
    var row: Int { Int(rawValue) % Slot.rowsInBlock }
}

/// The slot of each item.
typealias ItemSlots = ShardedMap<ItemID, Slot>
