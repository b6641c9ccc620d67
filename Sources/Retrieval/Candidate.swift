import Commerce

/// A row that may be in a user's list. Trivial, so that moving it costs no reference counting.
struct Candidate {
    let score: Float
    let slot: Slot
    let prefix: UInt64

    /// The order of lists: by falling score, then by item id in byte order.
    ///
    /// - Parameter item: the item at a slot, asked for where scores and prefixes are equal.
    @inline(__always) func ranks(before other: Candidate, _ item: (Slot) -> ItemID) -> Bool {
        if score != other.score { return score > other.score }
        if prefix != other.prefix { return prefix < other.prefix }
        return item(slot) < item(other.slot)
    }
}
