import Commerce

/// What a row of an index stands for.
struct ItemEntry {
    /// What a search asks of a row; without references, so that reading it costs no counting of them.
    struct Key {
        /// The item's name in `ExtraScores`; -1 without one.
        let number: Int32
        /// Of the item's id, as `ItemEntry.hash` makes it.
        let hash: UInt32
        /// The first 8 bytes of the id, as a number in the id's order: it settles most ties.
        let prefix: UInt64
    }

    /// The id and what a search asks of it first: beside each other, in one cache line.
    struct Name {
        let key: Key
        let item: ItemID
    }

    let name: Name
    var traits: ItemTraits

    init(_ name: Name, traits: ItemTraits) {
        self.name = name
        self.traits = traits
    }

    init(_ item: ItemID, number: Int32?, traits: ItemTraits) {
        var prefix: UInt64 = 0
        var shift: UInt64 = 64
        for byte in item.rawValue.utf8.prefix(8) {
            shift -= 8
            prefix |= UInt64(byte) << shift
        }
        self.init(
            Name(key: Key(number: number ?? -1, hash: Self.hash(item), prefix: prefix), item: item), traits: traits)
    }

    /// A hash that costs less than `Hashable`'s, for what is compared before it is believed.
    static func hash(_ item: ItemID) -> UInt32 { UInt32(truncatingIfNeeded: Identifier.hash(item.rawValue)) }

    var item: ItemID { name.item }
    var key: Key { name.key }

    /// The item's name in `ExtraScores`; nil without one.
    var number: Int32? { key.number < 0 ? nil : key.number }
}
