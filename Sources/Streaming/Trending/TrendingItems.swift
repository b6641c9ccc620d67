import Commerce

/// What trends in each market and in all together, as far as the events of one partition tell.
///
/// The counts of a market stand in `parts` shared records, an item's in the one that its hash names: an event changes one small
/// record of its market and one of the whole, so what a commit writes follows the number of its events.
package struct TrendingItems {
    /// An item and its decayed count at the latest event of its market.
    package struct Found: Equatable {
        package let item: ItemID
        /// With the factor by which it was raised.
        package var count: Double

        /// The order of a list: by falling count, equal ones by id.
        func precedes(_ other: Found) -> Bool {
            count != other.count ? count > other.count : item < other.item
        }
    }

    /// Records of a market; together they hold 1,024 counters.
    package static let parts = 16
    /// The name of all markets together, which no market has.
    private static let all = ""

    package private(set) var shared: SharedRecords<ItemCounts>
    /// The place of a market's first record. Names are keys, so that equal ones are equal byte for byte.
    private let places: [StateKey: Int]

    /// The counts of the markets that `shared` holds, whose keys are those that `keys(of:)` gave.
    package init(_ shared: SharedRecords<ItemCounts>) {
        self.shared = shared
        let firsts = stride(from: 0, to: shared.keys.count, by: TrendingItems.parts)
        places = Dictionary(
            firsts.map { (TrendingItems.market(of: shared.keys[$0]), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The keys of the records of these markets and of all together, each once.
    package static func keys(of markets: some Sequence<String>) -> [StateKey] {
        var seen: Set<StateKey> = []
        var keys: [StateKey] = []
        for market in [all] + markets where seen.insert(StateKey(market)).inserted {
            for part in 0..<parts { keys.append(StateKey("t:" + String(part, radix: 16) + ":" + market)) }
        }
        return keys
    }

    private static func market(of key: StateKey) -> StateKey {
        StateKey(String(Substring(key.rawValue.utf8.dropFirst(4))))
    }

    /// Counts one event of the item, in its market and in all together.
    package mutating func count(_ item: ItemID, at time: EventTime, in market: String?) {
        let hash = Identifier.hash(item.rawValue)
        let part = Int(hash >> 60)
        for market in [TrendingItems.all, market] {
            guard let market, let place = places[StateKey(market)] else { continue }
            shared.update(place + part) { $0.count(item, hash: hash, at: time) }
        }
    }

    /// The `count` items of the market that have a factor: by the falling product of it and their count, equal ones by item id. What
    /// the market lacks is filled in the same way from all markets together.
    ///
    /// - Parameters:
    ///   - most: no factor is larger.
    ///   - factor: of an item; nil leaves it out. Asked only where it matters.
    package func top(
        _ count: Int, in market: String?, most: Double = 1, factor: (ItemID) -> Double?
    ) -> [Found] {
        var found = market.map { best(count, of: $0, most, factor) } ?? []
        if found.count < count {
            let known = Set(found.map(\.item))
            found += best(count - found.count, of: TrendingItems.all, most) { known.contains($0) ? nil : factor($0) }
        }
        return found
    }

    private func best(_ count: Int, of market: String, _ most: Double, _ factor: (ItemID) -> Double?) -> [Found] {
        guard count > 0, let first = places[StateKey(market)] else { return [] }
        let records = (first..<first + TrendingItems.parts).map { shared[$0] }
        guard let latest = records.compactMap(\.latest).max() else { return [] }
        let period = HalfLife.period(of: latest)
        var best: [Found] = []
        for record in records {
            guard let tick = record.latest else { continue }
            // Brings the record's counts to the landmark of the latest one.
            let scale = HalfLife.scale(1, by: HalfLife.period(of: tick) &- period)
            for counter in record.counters {
                var found = Found(item: counter.item, count: counter.count * scale * most)
                if best.count == count, let last = best.last, !found.precedes(last) { continue }
                guard let factor = factor(found.item) else { continue }
                found.count = counter.count * scale * factor
                if best.count < count {
                    best.append(found)
                    if best.count == count { best.sort { $0.precedes($1) } }
                } else if let last = best.last, found.precedes(last) {
                    best.removeLast()
                    best.insert(found, at: best.lastIndex { $0.precedes(found) }.map { $0 + 1 } ?? 0)
                }
            }
        }
        if best.count < count { best.sort { $0.precedes($1) } }
        let weight = HalfLife.weight(at: latest, from: period)
        for place in best.indices { best[place].count /= weight }
        return best
    }
}
