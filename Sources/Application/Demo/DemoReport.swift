import Commerce
import Foundation

/// What the demo shows at its end.
struct DemoReport {
    let log: DemoLog
    let lists: [String: RecommendationList]
    let listSize: Int

    /// Shares of the purchases of new items that were on the list of the moment the shopper came in.
    struct Hits {
        var purchases = 0
        var personal = 0
        var popular = 0
        var baskets = 0

        /// A share of the purchases, in per cent with two digits.
        func percent(_ hits: Int) -> String {
            purchases == 0 ? "–" : String(format: "%.2f%%", 100 * Double(hits) / Double(purchases))
        }
    }

    /// Counts over the baskets whose list has been read.
    func hits() -> Hits {
        var hits = Hits()
        for basket in log.baskets {
            guard let before = basket.before, let list = list(at: before) else { continue }
            let personal = Set(list.slots.map(\.item))
            let popular = Set(log.popular.lazy.filter { !basket.owned.contains($0) }.prefix(listSize))
            hits.baskets += 1
            hits.purchases += basket.newItems.count
            hits.personal += basket.newItems.intersection(personal).count
            hits.popular += basket.newItems.intersection(popular).count
        }
        return hits
    }

    /// The baskets to show: the first of `count` different shoppers, of at least four purchases of new items.
    func shown(_ count: Int) -> [DemoLog.Basket] {
        var shoppers: Set<Shopper> = []
        return log.baskets.filter {
            $0.newItems.count >= 4 && shoppers.count < count && shoppers.insert($0.shopper).inserted
        }
    }

    /// A shopper's visit, with the lists before and after it.
    func story(_ basket: DemoLog.Basket) -> String {
        var lines = ["Shopper \(basket.shopper.id)"]
        if let before = basket.before {
            lines += describe("  recommended on coming in", at: before, bought: basket.newItems)
        }
        lines.append("  then did")
        let actions = basket.events.prefix(8)
        for index in actions {
            let event = log.events[index]
            lines.append(
                "    \(event.action.name.padding(toLength: 9, withPad: " ", startingAt: 0))\(title(event.item))")
        }
        if basket.events.count > actions.count {
            lines.append("    … and \(basket.events.count - actions.count) more events")
        }
        if let last = basket.events.last { lines += describe("  recommended afterwards", at: last, bought: []) }
        return lines.joined(separator: "\n")
    }

    private func describe(_ heading: String, at index: Int, bought: Set<ItemID>) -> [String] {
        guard let list = list(at: index) else { return [] }
        return ["\(heading) (\(list.eventTime.rfc3339.prefix(16)))"]
            + list.slots.prefix(6).map { slot in
                let score = String(format: "%5.2f", slot.score)
                return
                    "    \(slot.rank). \(score)  \(title(slot.item))\(bought.contains(slot.item) ? "   ← bought in this visit" : "")"
            }
    }

    private func title(_ item: ItemID) -> String { log.titles[item] ?? item.rawValue }

    private func list(at index: Int) -> RecommendationList? { log.events[index].eventID.flatMap { lists[$0] } }
}
