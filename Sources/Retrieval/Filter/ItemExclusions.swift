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
    /// Whether there are none: what was reset to before then still stands in the others.
    private(set) var isEmpty = true
    private var named = HashedItems()
    private var older: BloomFilter?
    private var spared = ItemCondition.any([])

    /// Starts over with those of a user.
    ///
    /// - Parameter exclusions: of each user, or of none at all.
    mutating func reset(to exclusions: [ItemExclusions], user: Int) {
        isEmpty = exclusions.isEmpty || (exclusions[user].items.isEmpty && exclusions[user].older == nil)
        if isEmpty { return }
        named.reset(to: exclusions[user].items)
        older = exclusions[user].older
        spared = exclusions[user].spared
    }

    /// Whether an item is among them.
    ///
    /// - Parameters:
    ///   - entry: asked for if the hash alone does not tell.
    ///   - profiles: those that the entry's traits refer to.
    func contains(hash: UInt32, _ entry: @autoclosure () -> ItemEntry, _ profiles: ProfileTable) -> Bool {
        if isEmpty { return false }
        if named.contains(hash: hash, entry().item) { return true }
        guard let older else { return false }
        let entry = entry()
        return older.contains(entry.item)
            && !spared.holds(for: entry.item, profiles.attributes(entry.traits), isNew: entry.number == nil)
    }
}
