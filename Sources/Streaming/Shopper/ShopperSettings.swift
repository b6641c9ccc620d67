import Commerce

/// What shapes the shoppers' records and lists.
public struct ShopperSettings: Sendable {
    /// When lists are published.
    public enum Refresh: String, CaseIterable, Sendable {
        /// One list a shopper and micro-batch, at the shopper's last event in it.
        case batch
        /// One list at every event.
        case everyEvent = "every-event"
    }

    /// L: events of a shopper that are kept, for display and for rebuilding the state.
    public var historyLength: Int
    /// Event ids of a shopper that are remembered, to drop repeats.
    public var eventIDWindow: Int
    /// Purchases of a shopper that are remembered by name, of `PurchaseMemory.limits`.
    public var purchaseMemory: Int
    /// A shopper silent for longer than this starts anew, without history and cart, in milliseconds of event time; nil: never.
    public var idleExpiry: Int64?
    /// K: slots of a list.
    public var listSize: Int
    public var refresh: Refresh
    /// What lists may hold and should look like.
    public var rules: ListRules
    /// The input topic's name, as lists cite it.
    public var topic: String
    /// The attribute of events that names a shopper's market; nil: there are no markets.
    public var marketAttribute: String?
    /// How fast what trended is forgotten.
    public var trendingHalfLife: HalfLife

    public init(
        historyLength: Int, eventIDWindow: Int, purchaseMemory: Int, idleExpiry: Int64?, listSize: Int,
        refresh: Refresh, rules: ListRules = ListRules(), topic: String, marketAttribute: String? = nil,
        trendingHalfLife: HalfLife = HalfLife(milliseconds: 3 * 86_400_000)
    ) {
        self.historyLength = historyLength
        self.eventIDWindow = eventIDWindow
        self.purchaseMemory = purchaseMemory
        self.idleExpiry = idleExpiry
        self.listSize = listSize
        self.refresh = refresh
        self.rules = rules
        self.topic = topic
        self.marketAttribute = marketAttribute
        self.trendingHalfLife = trendingHalfLife
    }
}
