import Commerce

/// The events to train on, compact: identifiers become rows as they are appended.
public struct TrainingLog: Sendable {
    /// One event: rows of shopper and item, action, and time in milliseconds.
    package struct Entry: Sendable {
        /// Row of the shopper, in order of first appearance.
        package var shopper: Int32
        /// Row of the item in `items`.
        package var item: Int32
        package var action: Action
        /// Milliseconds since 1970.
        package var time: Int64
        /// Hash of the session's id, or nil.
        package var session: UInt64?
        /// Row of the event's attributes in `attributeSets`.
        package var attributes: Int32
    }

    /// In order of appearance.
    package private(set) var entries: [Entry] = []
    /// Row to item, in order of appearance.
    package private(set) var items: [ItemID] = []
    /// Sets of attribute tokens, in order of appearance; the first is the empty one.
    package private(set) var attributeSets: [[String]] = [[]]
    private var itemRows: [ItemID: Int32] = [:]
    private var shopperRows: [Shopper: Int32] = [:]
    private var attributeRows: [[String]: Int32] = [[]: 0]

    public init() {}

    /// Number of events.
    public var count: Int { entries.count }

    /// Number of different shoppers.
    public var shopperCount: Int { shopperRows.count }

    /// Number of different items.
    public var itemCount: Int { items.count }

    /// Adds an event; the order of appending counts between events of equal time alone.
    public mutating func append(_ event: Event) {
        append(
            shopper: event.shopper, item: event.item, action: event.action, time: event.time, session: event.sessionID,
            attributes: event.attributes)
    }

    /// Adds what training needs of an event.
    public mutating func append(
        shopper: Shopper, item: ItemID, action: Action, time: EventTime, session: String? = nil,
        attributes: [String: String] = [:]
    ) {
        let shopperRow = shopperRows[shopper] ?? Int32(shopperRows.count)
        if shopperRow == shopperRows.count { shopperRows[shopper] = shopperRow }
        let itemRow = itemRows[item] ?? Int32(items.count)
        if itemRow == items.count {
            itemRows[item] = itemRow
            items.append(item)
        }
        entries.append(
            Entry(
                shopper: shopperRow, item: itemRow, action: action, time: time.rawValue,
                session: session.map(Identifier.hash), attributes: row(of: attributes)))
    }

    private mutating func row(of attributes: [String: String]) -> Int32 {
        guard !attributes.isEmpty else { return 0 }
        let tokens = AttributeVocabulary.tokens(of: attributes)
        if let row = attributeRows[tokens] { return row }
        let row = Int32(attributeSets.count)
        attributeSets.append(tokens)
        attributeRows[tokens] = row
        return row
    }
}
