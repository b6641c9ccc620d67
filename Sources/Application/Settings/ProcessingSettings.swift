import Configuration
import Streaming
import TwoTower

/// Which towers to serve.
public struct ModelSettings: ConfigurationSection {
    /// The checkpoint's folder.
    public var path: String

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        path = keys.value(
            "model.path", default: "model", accepting: .notEmpty,
            "Folder of the checkpoint to serve; `breadcrumb train` makes one.")
    }
}

/// Which events are taken.
public struct EventSettings: ConfigurationSection {
    /// How far an event may lie after its record's timestamp.
    public var maximumSkew: Duration
    /// Largest payload.
    public var maximumBytes: ByteCount

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        maximumSkew = keys.value(
            "events.max_skew", default: .seconds(300), accepting: .within(.zero ... .seconds(7 * 86_400)),
            "How far an event's time may lie after its record's; beyond it the event is a dead letter.")
        maximumBytes = keys.value(
            "events.max_bytes", default: .mebibytes(1), accepting: .within(.kibibytes(1) ... .mebibytes(64)),
            "Largest payload of an event; a larger one is a dead letter.")
    }
}

/// What is remembered of each shopper.
public struct HistorySettings: ConfigurationSection {
    /// Events kept of each shopper.
    public var length: Int
    /// Event ids kept of each shopper; 0 keeps none.
    public var eventIDs: Int
    /// Bought items kept by name of each shopper.
    public var purchases: Int
    /// The gap in event time after which a shopper starts anew; nil never.
    public var idleGap: Duration?

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        length = keys.value(
            "history.length", default: 50, unit: "events", accepting: .within(SparseChannel.depth...1000),
            "How many of a shopper's last events are kept, from which a new model recomputes the state; the sparse part of "
                + "a score reads the last \(SparseChannel.depth).")
        eventIDs = keys.value(
            "history.event_ids", default: 64, unit: "events", accepting: .within(0...1024),
            "How many of a shopper's last event ids are kept; an event whose id is among them is a repeat and left out."
        )
        purchases = keys.value(
            "history.purchases", default: PurchaseMemory.usualLimit, unit: "items",
            accepting: .within(PurchaseMemory.limits),
            "How many of the items that a shopper bought last are kept by name and time. All earlier ones are kept as well, in "
                + "4,096 bytes that now and then take an item for bought that was not.")
        idleGap = keys.optional(
            "history.idle_gap", accepting: .within(.seconds(3600) ... .seconds(3650 * 86_400)),
            "The gap in event time after which a shopper starts anew: history and cart end, what was bought stays. Not set: never."
        )
    }
}

/// How shoppers divide into markets.
public struct MarketSettings: ConfigurationSection {
    /// The attribute of events that names the market; nil where there are none.
    public var attribute: String?

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        attribute = keys.optional(
            "markets.attribute", accepting: .notEmpty,
            "The attribute of events, such as country, that names a shopper's market: what trends is counted for each market apart. "
                + "Not set: there are no markets.")
    }
}

/// What is listed for shoppers of whom nothing usable is known.
public struct TrendingSettings: ConfigurationSection {
    /// The time in which an event's weight is halved.
    public var halfLife: Duration

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        halfLife = keys.value(
            "trending.half_life", default: .seconds(3 * 86_400),
            accepting: .within(.seconds(3600) ... .seconds(365 * 86_400)),
            "The time in which an event loses half of its weight in what trends.")
    }
}

/// How the best items are found.
public struct RetrievalSettings: ConfigurationSection {
    /// Share of the exact best that a search has to find on average.
    public var recall: Double
    /// Share of the searches that are repeated exactly.
    public var auditShare: Double

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        recall = keys.value(
            "retrieval.recall", default: 0.99, accepting: .within(0.5...1),
            "The share of the exact best items that a search has to find on average; the index is tuned to it. "
                + "1 finds all of them, at the price of a look at every item.")
        auditShare = keys.value(
            "retrieval.audit_share", default: 0.001, accepting: .within(0...1),
            "The share of the searches that are repeated in the background with a look at every item, one at a time; 0 repeats none."
        )
    }
}

/// The lists that are published.
public struct ListSettings: ConfigurationSection {
    /// Items of a list.
    public var size: Int
    /// Which events publish a list.
    public var refresh: ShopperSettings.Refresh

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        size = keys.value(
            "lists.size", default: 20, unit: "items", accepting: .within(1...1000), "How many items a list holds.")
        refresh = keys.value(
            "lists.refresh", default: .batch,
            "batch: one list per shopper and batch, at the last event in it. every-event: one at each event.")
    }
}

// The stage knows nothing of configuration.
extension ShopperSettings.Refresh: ConfigurationValue {}
