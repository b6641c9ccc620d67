import Bytes
import Commerce

/// What is kept of one shopper: the last events, the tower's state after them, the cart, and what was bought.
///
/// `state` is the recurrence from where the record says it began: the first event, or a rebuild from the entries.
public struct ShopperRecord: Equatable, Sendable {
    /// One event of the shopper, as the tower saw it.
    public struct Entry: Equatable, Sendable {
        public var item: ItemID
        public var action: Action
        /// Milliseconds since the latest event before it, never negative; nil for a shopper's first event.
        public var gap: Int64?
        /// [d]: the input vector of an item that the checkpoint does not know, frozen at the event. Nil for an item of the
        /// checkpoint and for an unknown item.
        public var vector: [Float]?
        /// Whether the event's session id was another than the last one before it.
        public var changesSession: Bool
        /// What the event said of the shopper, by name, as it said it: a later model may know other attributes.
        public var attributes: [String: String]

        public init(
            item: ItemID, action: Action, gap: Int64?, vector: [Float]?, changesSession: Bool = false,
            attributes: [String: String] = [:]
        ) {
            self.item = item
            self.action = action
            self.gap = gap
            self.vector = vector
            self.changesSession = changesSession
            self.attributes = attributes
        }
    }

    /// `u:` or `a:` and the id.
    public let shopper: StateKey
    /// Version of the model that `state` was computed with; empty before the first event.
    public var model = ""
    /// Events of the shopper that were applied before the first one in `state`.
    public var startedAt: UInt64 = 0
    /// Events of the shopper applied so far.
    public var sequence: UInt64 = 0
    /// After the last event.
    public var state = ShopperState.none
    /// The last events in order of arrival, oldest first.
    public var entries: [Entry] = []
    /// Of the last entries, by the model of `model`.
    var rows = RecentRows()
    /// The largest event time so far.
    public var latest: EventTime?
    /// Hash of the last session id that an event bore.
    public var session: UInt64?
    /// Hashes of the last event ids, oldest first: repeats within this window are dropped.
    public var eventIDs: [UInt64] = []
    /// Items in the cart, each once, newest last.
    public var cart: [ItemID] = []
    /// Everything bought, from the first event on: silence ends the history and the cart, and not what the shopper has.
    public var purchases = PurchaseMemory()

    /// A shopper who has done nothing yet.
    public init(shopper: StateKey) { self.shopper = shopper }
}
