import Commerce
import Configuration
import Foundation
import Kafka
import Streaming

extension ShopperReport {
    /// For a terminal.
    var text: String {
        [headText, stateText, historyText, cartText, purchasedText, listText, findings.text].filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    private var headText: String {
        let place =
            if let partition, let partitionCount {
                "partition \(partition) of \(partitionCount) of \(eventsTopic)"
            } else {
                "partition unknown"
            }
        return "\(shopper.kind.prefix(1).uppercased())\(shopper.kind.dropFirst()) \(shopper.id.printable), \(place)\n"
    }

    private var stateText: String {
        guard let stored else { return "State: none\n" }
        let record = stored.record
        let force =
            switch isCurrent {
            case true?: "the one in force"
            case false?: "in force is \(modelInForce ?? "")"
            case nil: "which one is in force is not known"
            }
        let expiry = stored.expiresIn.map { "in " + Self.span($0) } ?? "never"
        return """
            State: \(record.sequence) events, the latest of \(record.latest?.rfc3339 ?? "-")
              model    \(record.model.printable) (\(force))
              origin   began after event \(record.startedAt), \(eventsInState) events since
              expires  \(expiry)

            """
    }

    private var historyText: String {
        guard stored != nil else { return "" }
        var table = TextTable(("time", .left), ("action", .left), ("item", .left), ("title", .left))
        for step in history {
            let isLate = step.entry.gap == 0
            table.add(
                (step.time?.rfc3339).map { isLate ? "\($0) or before" : $0 }, step.entry.action.name,
                step.entry.item.rawValue,
                titles[step.entry.item])
        }
        return "History: the last \(history.count) events, oldest first\n" + table.text
    }

    private var cartText: String {
        guard let cart = stored?.record.cart, !cart.isEmpty else { return "" }
        var table = TextTable(("item", .left), ("title", .left))
        for item in cart { table.add(item.rawValue, titles[item]) }
        return "Cart, and so not recommended: \(cart.count) items\n" + table.text
    }

    private var purchasedText: String {
        guard let purchases = stored?.record.purchases, purchases != PurchaseMemory() else { return "" }
        var table = TextTable(("last time", .left), ("item", .left), ("title", .left))
        for purchase in purchases.recent {
            table.add(purchase.time.rfc3339, purchase.item.rawValue, titles[purchase.item])
        }
        let earlier = purchases.older == nil ? "" : ", and earlier ones"
        return "Purchased, and so not recommended: \(purchases.items.count) items\(earlier)\n" + table.text
    }

    private var listText: String {
        guard let newest else { return "List: none\n" }
        let (list, source) = (newest.published.list, newest.published.list.lineage.source)
        var table = TextTable(("rank", .right), ("score", .right), ("item", .left), ("title", .left))
        for slot in list.slots {
            let origin = slot.origin == .personal ? "" : " (\(slot.origin.rawValue))"
            let reason = slot.because.map { " (because of \($0.rawValue))" } ?? ""
            table.add(
                "\(slot.rank)", String(format: "%.4f", slot.score), slot.item.rawValue,
                (titles[slot.item] ?? "-") + origin + reason)
        }
        let published = newest.publishedAt.map { ", published \($0)" } ?? ""
        let place = "made at \(source.topic)[\(source.partition)] offset \(source.offset)"
        let heading = "List \(newest.published.listID): \(place), event of \(list.eventTime.rfc3339)\(published)"
        let lack = list.shortfall > 0 ? "Slots that could not be filled: \(list.shortfall)\n" : ""
        return heading.printable + "\n" + table.text + lack
    }

    /// A time to live in its two largest units.
    private static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        let units: [(name: String, size: Int64)] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
        let first = units.firstIndex { seconds >= $0.size } ?? units.count - 1
        var text = "\(seconds / units[first].size) \(units[first].name)"
        if first + 1 < units.count {
            text += " \(seconds % units[first].size / units[first + 1].size) \(units[first + 1].name)"
        }
        return text
    }
}
