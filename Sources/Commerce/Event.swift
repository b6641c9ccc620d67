/// What a shopper did to an item.
public enum Action: UInt8, CaseIterable, Sendable {
    case browse = 0
    case cart = 1
    case cartRemoval = 2
    case purchase = 3

    /// The name on the wire: `browse`, `cart`, `cart_removal` or `purchase`.
    public var name: String {
        switch self {
        case .browse: "browse"
        case .cart: "cart"
        case .cartRemoval: "cart_removal"
        case .purchase: "purchase"
        }
    }

    /// The action of that name on the wire, or nil.
    public init?(name: String) {
        switch name {
        case "browse": self = .browse
        case "cart": self = .cart
        case "cart_removal": self = .cartRemoval
        case "purchase": self = .purchase
        default: return nil
        }
    }
}

/// One thing a shopper did: the decoded form of a record of the `events` topic.
public struct Event: Equatable, Sendable {
    /// The producer's identifier of the event; repeats within a shopper's window are dropped.
    public var eventID: String?
    public var action: Action
    public var shopper: Shopper
    /// The anonymous identifier that came beside a known user's, if any.
    public var anonymousID: String?
    public var item: ItemID
    public var time: EventTime
    public var sessionID: String?
    /// Pieces, or whatever the shop counts in.
    public var quantity: Double?
    /// In units of `currency` (19.9, not 1990).
    public var price: Double?
    public var currency: String?
    /// What is known of the shopper, by name: country, segment, age group.
    public var attributes: [String: String]

    public init(
        eventID: String? = nil, action: Action, shopper: Shopper, anonymousID: String? = nil, item: ItemID,
        time: EventTime,
        sessionID: String? = nil, quantity: Double? = nil, price: Double? = nil, currency: String? = nil,
        attributes: [String: String] = [:]
    ) {
        self.eventID = eventID
        self.action = action
        self.shopper = shopper
        self.anonymousID = anonymousID
        self.item = item
        self.time = time
        self.sessionID = sessionID
        self.quantity = quantity
        self.price = price
        self.currency = currency
        self.attributes = attributes
    }
}
