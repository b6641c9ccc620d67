import Commerce

/// Some items, found by their hashes: those that a user's list must not have, or a filter's.
///
/// Of the former only what would enter a list is looked up: some hundred candidates, which costs far less than finding the
/// places of all excluded items in a large catalogue.
struct HashedItems {
    private var items: [ItemID] = []
    /// The items' hashes, ascending, with their places in `items`.
    private var hashes: [(hash: Int, place: Int)] = []

    init() {}

    init(_ items: Set<ItemID>) { reset(to: [items], user: 0) }

    /// Starts over with the items that are excluded for a user.
    ///
    /// - Parameter excluding: per user the items, or nothing at all.
    mutating func reset(to excluding: [some Collection<ItemID>], user: Int) {
        items.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        if !excluding.isEmpty { items.append(contentsOf: excluding[user]) }
        for (place, item) in items.enumerated() { hashes.append((item.hashValue, place)) }
        hashes.sort { $0.hash < $1.hash }
    }

    /// Whether an item is among them.
    ///
    /// - Parameter item: asked for if one of them has its hash.
    func contains(hash: Int, _ item: @autoclosure () -> ItemID) -> Bool {
        var (low, high) = (0, hashes.count)
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        while low < hashes.count, hashes[low].hash == hash {
            if items[hashes[low].place] == item() { return true }
            low += 1
        }
        return false
    }
}
