/// Values by key, in shards that copies share until one of them changes: a change copies a shard, not the map.
struct ShardedMap<Key: Hashable, Value> {
    /// So many groups of as many shards: a copy of a million values' map that changes copies 64 references twice and some 250 values.
    private static var width: Int { 64 }
    private var groups = [[[Key: Value]]](repeating: [[Key: Value]](repeating: [:], count: width), count: width)

    /// The key's value, nil if it has none.
    subscript(key: Key) -> Value? {
        get {
            let (group, shard) = Self.place(of: key)
            return groups[group][shard][key]
        }
        set {
            let (group, shard) = Self.place(of: key)
            groups[group][shard][key] = newValue
        }
    }

    private static func place(of key: Key) -> (group: Int, shard: Int) {
        let hash = key.hashValue
        return (hash & (width - 1), hash >> 6 & (width - 1))
    }
}

extension ShardedMap: Sendable where Key: Sendable, Value: Sendable {}
