import Commerce

/// The decayed counts of the most frequent items of a stream, in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi:
/// "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005) over the weights of forward decay.
///
/// An item without a counter takes the place of the least one and adds its weight to the count found there. So a count is never
/// too small, and too large by at most the least count, which is at most the sum of all weights divided by `capacity`; an item whose
/// share of the weights is larger has a counter. Of equal least counters the first one goes: counters keep their places, in
/// memory and in the store, so what a record says is a function of the events counted and of their order alone.
public struct ItemCounts: Equatable, Sendable {
    /// Counters at most.
    public static let capacity = 64

    /// The count of one item.
    package struct Counter: Equatable, Sendable {
        package let item: ItemID
        /// `Identifier.hash` of the item: most items are told apart by it.
        package let hash: UInt64
        /// Sum of the weights by the landmark of the record's latest tick.
        package var count: Double
    }

    package private(set) var halfLife: HalfLife
    /// The largest tick of an event counted; nil before the first.
    package private(set) var latest: Int64?
    package private(set) var counters: [Counter]

    /// Nothing counted yet.
    public init(halfLife: HalfLife) { self.init(halfLife: halfLife, latest: nil, counters: []) }

    init(halfLife: HalfLife, latest: Int64?, counters: [Counter]) {
        self.halfLife = halfLife
        self.latest = latest
        self.counters = counters
    }

    /// Counts one event of the item.
    public mutating func count(_ item: ItemID, at time: EventTime) {
        count(item, hash: Identifier.hash(item.rawValue), at: time)
    }

    mutating func count(_ item: ItemID, hash: UInt64, at time: EventTime) {
        let tick = halfLife.tick(of: time)
        let period = advance(to: tick)
        let weight = HalfLife.weight(at: tick, from: period)
        if let place = counters.firstIndex(where: { $0.hash == hash && $0.item == item }) {
            counters[place].count += weight
        } else if counters.count < ItemCounts.capacity {
            counters.append(Counter(item: item, hash: hash, count: weight))
        } else {
            let place = leastPlace()
            counters[place] = Counter(item: item, hash: hash, count: counters[place].count + weight)
        }
    }

    /// Moves the landmark to that of `tick`, if it is later; returns the landmark's period.
    private mutating func advance(to tick: Int64) -> Int64 {
        guard let before = latest else {
            latest = tick
            return HalfLife.period(of: tick)
        }
        guard tick > before else { return HalfLife.period(of: before) }
        latest = tick
        let (old, new) = (HalfLife.period(of: before), HalfLife.period(of: tick))
        if new != old { multiply(by: HalfLife.scale(1, by: old &- new)) }
        return new
    }

    private mutating func multiply(by factor: Double) {
        for place in counters.indices { counters[place].count *= factor }
    }

    private func leastPlace() -> Int {
        var least = 0
        for place in counters.indices where counters[place].count < counters[least].count { least = place }
        return least
    }

    /// The record as it goes on with another half-life: what was counted keeps the worth that it has at the latest tick.
    func with(_ halfLife: HalfLife) -> ItemCounts {
        guard halfLife != self.halfLife else { return self }
        var copy = self
        copy.halfLife = halfLife
        guard let latest else { return copy }
        let tick = halfLife.tick(of: EventTime(milliseconds: latest &* self.halfLife.tick))
        copy.latest = tick
        let factor =
            HalfLife.weight(at: tick, from: HalfLife.period(of: tick))
            / HalfLife.weight(at: latest, from: HalfLife.period(of: latest))
        copy.multiply(by: factor)
        return copy
    }
}
