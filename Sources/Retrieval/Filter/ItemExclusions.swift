import Commerce

/// The items that one user's list must not have.
public struct ItemExclusions: Sendable {
    /// By name; what is not held does no harm.
    public var items: [ItemID]
    /// More of them, and now and then an item that is not meant.
    public var older: BloomFilter?
    /// Items for which `older` does not count.
    public var spared: ItemCondition

    public init(
        _ items: some Sequence<ItemID> = [], older: BloomFilter? = nil, spared: ItemCondition = .any([])
    ) {
        self.items = Array(items)
        self.older = older
        self.spared = spared
    }
}

/// One user's exclusions, ready to be asked.
///
/// Only what would enter a list is looked up: some hundred candidates, which costs far less than finding the places of all
/// excluded items in a large catalogue.
struct ExcludedItems {
    /// Tells most of what is not excluded by its hash alone, without references: what a candidate is asked first.
    struct Marks {
        private var words: InlineArray<16, UInt64>

        private init(_ word: UInt64) { words = InlineArray(repeating: word) }

        /// Nothing may be excluded.
        static let none = Marks(0)
        /// Everything may.
        static let all = Marks(.max)

        mutating func insert(_ hash: UInt32) { words[Int(hash >> 6 & 15)] |= 1 << UInt64(hash & 63) }

        /// False only of what is not excluded.
        @inline(__always) func mayHold(_ hash: UInt32) -> Bool {
            words[Int(hash >> 6 & 15)] >> UInt64(hash & 63) & 1 == 1
        }
    }

    private var marks = Marks.none
    private var named = HashedItems()
    private var older: BloomFilter?
    private var spared = ItemCondition.any([])

    /// Starts over with those of a user.
    ///
    /// - Parameter exclusions: of each user, or of none at all.
    mutating func reset(to exclusions: [ItemExclusions], user: Int) {
        // What was reset to before then still stands in the others, which are not asked.
        marks = .none
        if exclusions.isEmpty || (exclusions[user].items.isEmpty && exclusions[user].older == nil) { return }
        named.reset(to: exclusions[user].items)
        older = exclusions[user].older
        spared = exclusions[user].spared
        if older != nil { marks = .all } else { named.mark(&marks) }
    }

    /// False only of what is not among them; by the hash alone, so that most need not be made an entry of.
    @inline(__always) func mayHold(_ hash: UInt32) -> Bool { marks.mayHold(hash) }

    /// Whether an item is among them.
    ///
    /// - Parameter profiles: those that the entry's traits refer to.
    func contains(_ entry: ItemEntry, _ profiles: ProfileTable) -> Bool {
        guard mayHold(entry.key.hash) else { return false }
        if named.contains(hash: entry.key.hash, entry.item) { return true }
        guard let older else { return false }
        return older.contains(entry.item)
            && !spared.holds(for: entry.item, profiles.attributes(entry.traits), isNew: entry.number == nil)
    }
}
