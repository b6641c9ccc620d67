import Commerce
import Datasets

/// The shop's log as the demo sees it: every event in the file's order, cut in time into a part to learn from and a part
/// to be judged on.
struct DemoLog {
    /// A shopper's visit to the shop that ended in purchases.
    struct Basket {
        let shopper: Shopper
        /// Events of the log, by index, in order.
        var events: [Int] = []
        /// The shopper's event before the basket's first one; its list is what the shopper had on coming in.
        var before: Int?
        /// Items bought that the shopper had never bought before.
        var newItems: Set<ItemID> = []
        /// Everything bought before.
        var owned: Set<ItemID> = []
    }

    let events: [Event]
    let titles: [ItemID: String]
    let catalogue: [CatalogueItem]
    /// The first event of the later part.
    let cut: Int
    /// The baskets of the later part with a purchase of a new item and an earlier event of the shopper.
    let baskets: [Basket]
    /// Items by number of purchases in the earlier part, most first; ties by item id.
    let popular: [ItemID]

    /// Reads the files.
    ///
    /// - Parameter share: of the events, in time, that are the earlier part.
    init(events path: String, items: String, share: Double) throws {
        var events: [Event] = []
        try DatasetReader<Event>.events(path: path).readAll { events.append(try $0.get()) }
        var catalogue: [CatalogueItem] = []
        try DatasetReader<CatalogueItem>.catalogue(path: items).readAll { catalogue.append(try $0.get()) }
        guard events.count > 100, events.allSatisfy({ $0.eventID != nil && $0.sessionID != nil }) else {
            throw DatasetFault(
                "\(path): the demo wants more than 100 events, each with event_id and session_id; see ops/demo_data.py")
        }
        self.events = events
        self.catalogue = catalogue
        titles = Dictionary(
            catalogue.map { item in (item.item, [item.brand, item.title].compactMap { $0 }.joined(separator: " · ")) },
            uniquingKeysWith: { first, _ in first })
        let limit = events[min(events.count - 1, Int(Double(events.count) * share))].time
        cut = events.firstIndex { $0.time >= limit } ?? events.count
        baskets = DemoLog.baskets(events, from: cut)
        var purchases: [ItemID: Int] = [:]
        for event in events[..<cut] where event.action == .purchase { purchases[event.item, default: 0] += 1 }
        popular = purchases.keys.sorted { left, right in
            (purchases[right] ?? 0, left) < (purchases[left] ?? 0, right)
        }
    }

    /// The time at which the later part begins.
    var cutTime: EventTime { events[min(cut, events.count - 1)].time }

    private static func baskets(_ events: [Event], from cut: Int) -> [Basket] {
        var owned: [Shopper: Set<ItemID>] = [:]
        var last: [Shopper: Int] = [:]
        var open: [Shopper: (session: String, basket: Basket)] = [:]
        var baskets: [Basket] = []
        func close(_ shopper: Shopper) {
            guard let (_, basket) = open.removeValue(forKey: shopper) else { return }
            if basket.before != nil, !basket.newItems.isEmpty, (basket.events.first ?? 0) >= cut {
                baskets.append(basket)
            }
        }
        for (index, event) in events.enumerated() {
            let session = event.sessionID ?? ""
            if open[event.shopper]?.session != session {
                close(event.shopper)
                open[event.shopper] = (
                    session,
                    Basket(shopper: event.shopper, before: last[event.shopper], owned: owned[event.shopper] ?? [])
                )
            }
            open[event.shopper]?.basket.events.append(index)
            if event.action == .purchase {
                if owned[event.shopper]?.contains(event.item) != true {
                    open[event.shopper]?.basket.newItems.insert(event.item)
                }
                owned[event.shopper, default: []].insert(event.item)
            }
            last[event.shopper] = index
        }
        for shopper in Array(open.keys) { close(shopper) }
        return baskets.sorted { ($0.events.first ?? 0) < ($1.events.first ?? 0) }
    }
}
