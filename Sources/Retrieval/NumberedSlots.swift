/// The slot of each numbered item, in chunks that copies share until one of them changes.
struct NumberedSlots: Sendable {
    private static let length = 4096
    private static let none = UInt32.max
    /// Number n stands in chunk n / `length`; a chunk that nobody needs is empty.
    private var chunks: [[UInt32]] = []

    /// The item's slot, nil if no item of that number is held.
    subscript(number: Int32) -> Slot? {
        guard number >= 0 else { return nil }
        let (chunk, place) = (Int(number) / Self.length, Int(number) % Self.length)
        guard chunk < chunks.count, place < chunks[chunk].count, chunks[chunk][place] != Self.none else { return nil }
        return Slot(Int(chunks[chunk][place]))
    }

    /// Notes where an item came to stand; nothing without a number.
    mutating func move(_ number: Int32?, to slot: Slot) {
        guard let number, number >= 0 else { return }
        let (chunk, place) = (Int(number) / Self.length, Int(number) % Self.length)
        while chunk >= chunks.count { chunks.append([]) }
        if chunks[chunk].isEmpty { chunks[chunk] = [UInt32](repeating: Self.none, count: Self.length) }
        chunks[chunk][place] = slot.rawValue
    }

    /// Notes that an item has gone from its slot; where another item took its number, that one keeps it.
    mutating func remove(_ number: Int32?, from slot: Slot) {
        guard let number, self[number] == slot else { return }
        chunks[Int(number) / Self.length][Int(number) % Self.length] = Self.none
    }
}
