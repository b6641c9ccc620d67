import Commerce
import Streaming

/// What a dictionary says of a log, event by event.
struct NaiveTrends {
    /// What a list at an event is made of.
    struct Moment {
        /// The counts of the shopper's market, where there is one, and those of all markets together.
        var counts: [[ItemID: Int]]
        /// What the shopper has bought or has in the cart.
        var excluded: Set<ItemID>

        /// By falling count, equal ones by id: those of the market, then what else there is.
        func ranking(of items: Set<ItemID>, factor: (ItemID) -> Double = { _ in 1 }) -> [(item: ItemID, count: Double)]
        {
            var ranking: [(item: ItemID, count: Double)] = []
            for counts in counts {
                let found = Set(ranking.map(\.item))
                ranking += counts.filter { items.contains($0.key) && !excluded.union(found).contains($0.key) }
                    .map { (item: $0.key, count: Double($0.value) * factor($0.key)) }
                    .sorted { ($1.count, $0.item) < ($0.count, $1.item) }
            }
            return ranking
        }
    }

    private struct Shopper {
        var ids: [String] = []
        var kept: [(item: ItemID, country: String?)] = []
        var purchased: Set<ItemID> = []
        var cart: Set<ItemID> = []
    }

    /// What the checkpoint or the catalogue knows.
    let known: Set<ItemID>
    private var shoppers: [String: Shopper] = [:]
    private var counts: [String: [ItemID: Int]] = [:]

    init(known: Set<ItemID>) { self.known = known }

    /// What the list at the event goes by where that is what trends; nil for a repeat or a shopper whose items are known.
    mutating func take(_ event: Event) -> Moment? {
        var shopper = shoppers[event.shopper.id] ?? Shopper()
        if let id = event.eventID {
            if shopper.ids.contains(id) { return nil }
            shopper.ids = (shopper.ids + [id]).suffix(2)
        }
        shopper.kept = (shopper.kept + [(event.item, event.attributes["country"])]).suffix(12)
        switch event.action {
        case .purchase: shopper.purchased.insert(event.item)
        case .cart: shopper.cart.insert(event.item)
        case .browse, .cartRemoval: break
        }
        if event.action == .purchase || event.action == .cartRemoval { shopper.cart.remove(event.item) }
        shoppers[event.shopper.id] = shopper
        var market = shopper.kept.last { $0.country != nil }?.country
        if market == "" { market = nil }
        let markets = [market, "all"].compactMap { $0 }
        if event.action != .cartRemoval {
            for market in markets { counts[market, default: [:]][event.item, default: 0] += 1 }
        }
        if shopper.kept.contains(where: { known.contains($0.item) }) { return nil }
        return Moment(counts: markets.map { counts[$0] ?? [:] }, excluded: shopper.purchased.union(shopper.cart))
    }

    /// The moments of a log, by their offsets.
    static func moments(of log: [LogRecord], known: Set<ItemID>) -> [Int64: Moment] {
        var (trends, moments) = (NaiveTrends(known: known), [Int64: Moment]())
        let decoder = EventDecoder()
        for record in log {
            let intake = decoder.decode(key: record.key, value: record.value, timestamp: record.timestamp)
            if case .event(let event) = intake { moments[record.offset.rawValue] = trends.take(event) }
        }
        return moments
    }
}
