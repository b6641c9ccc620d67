import Commerce

/// Some items, found by their hashes.
struct HashedItems {
    private var items: [ItemID] = []
    /// The items' hashes, ascending, with their places in `items`.
    private var hashes: [(hash: Int, place: Int)] = []

    init() {}

    init(_ items: some Collection<ItemID>) { reset(to: items) }

    /// Starts over with these items.
    mutating func reset(to new: some Collection<ItemID>) {
        items.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        items.append(contentsOf: new)
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
