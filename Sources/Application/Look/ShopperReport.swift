import Commerce
import Streaming

/// What `user` found; nil stands for what there is not or was not to be had, and a finding says why.
struct ShopperReport {
    /// The shopper's record and how long Redis keeps it.
    struct Stored {
        var record: ShopperRecord
        /// Milliseconds; nil: for ever.
        var expiresIn: Int64?
    }

    /// An entry of the history with the time that its gap gives.
    struct Step {
        var entry: ShopperRecord.Entry
        /// The latest event time up to this entry: the entry's own, unless it came late (then its gap is 0).
        var time: EventTime?
    }

    let shopper: Shopper
    var eventsTopic: String
    var partition: Int32?
    var partitionCount: Int?
    var stored: Stored?
    var newest: NewestList?
    /// Version of the checkpoint in force.
    var modelInForce: String?
    var titles: [ItemID: String] = [:]
    var findings: [Finding] = []

    init(_ shopper: Shopper, _ settings: Settings) {
        self.shopper = shopper
        eventsTopic = settings.topics.events
    }

    /// The kept events, oldest first. The record holds the latest time and each entry's distance to the latest time
    /// before it, so times are found from the end backwards. Numbers from outside may wrap, and never trap.
    var history: [Step] {
        guard let record = stored?.record else { return [] }
        var time = record.latest
        var steps: [Step] = []
        for entry in record.entries.reversed() {
            steps.append(Step(entry: entry, time: time))
            time = time.flatMap { time in
                entry.gap.map { EventTime(milliseconds: time.rawValue &- $0) }
            }
        }
        return steps.reversed()
    }

    /// Events that the state has seen since it began.
    var eventsInState: UInt64 {
        guard let record = stored?.record, record.sequence > record.startedAt else { return 0 }
        return record.sequence - record.startedAt
    }

    /// Whether the state is of the model in force; nil where either is not known.
    var isCurrent: Bool? {
        guard let record = stored?.record, let modelInForce else { return nil }
        return record.model == modelInForce
    }

    /// Every item that the report names.
    var items: Set<ItemID> {
        var items = Set(newest?.published.list.slots.map(\.item) ?? [])
        if let record = stored?.record {
            items.formUnion(record.entries.map(\.item))
            items.formUnion(record.cart)
            items.formUnion(record.purchases.items)
        }
        return items
    }
}
