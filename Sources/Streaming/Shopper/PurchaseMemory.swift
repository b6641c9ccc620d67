import Commerce
import Retrieval

/// Everything that a shopper ever bought, in bounded memory: the last items by name, the older ones in a filter.
///
/// An item that was bought is never forgotten. Once there are older ones, an item that was never bought may be taken for one of
/// them; `BloomFilter` says how seldom.
public struct PurchaseMemory: Equatable, Sendable {
    /// An item and when it was bought last.
    public struct Purchase: Equatable, Sendable {
        public var item: ItemID
        public var time: EventTime

        public init(item: ItemID, time: EventTime) {
            self.item = item
            self.time = time
        }
    }

    /// How many items may be kept by name: every list is made with all of them at hand, and every record stores them.
    public static let limits = 0...4_096
    /// How many are where nothing else is said, and of old records.
    public static let usualLimit = 256

    /// The items bought last, each once, in order of the last purchase, newest last.
    public private(set) var items: [ItemID] = []
    /// [items]: when each was bought last.
    private(set) var times: [EventTime] = []
    /// [items]: hashes by which an item is looked for; comparing 256 of them costs less than comparing ten texts.
    private var hashes: [UInt64] = []
    /// What is no longer among `items`; nil as long as nothing has left them.
    public private(set) var older: BloomFilter?

    /// Of a shopper who has bought nothing.
    public init() {}

    /// - Parameters:
    ///   - items: each once, newest last.
    ///   - times: of the items.
    init(items: [ItemID], times: [EventTime], older: BloomFilter?) {
        self.items = items
        self.times = times
        hashes = items.map { Identifier.hash($0.rawValue) }
        self.older = older
    }

    /// `items` with their times.
    public var recent: [Purchase] { zip(items, times).map { Purchase(item: $0, time: $1) } }

    /// The least of their times: the older ones were bought no later, but for events that arrived late. Nil where there are none.
    public var oldestTime: EventTime? { times.min() }

    /// Whether the item was bought; now and then true of one that was not.
    public func contains(_ item: ItemID) -> Bool {
        place(of: item, Identifier.hash(item.rawValue)) != nil || older?.contains(item) == true
    }

    /// Adds a purchase as the newest one. An item has the latest of its times, in whatever order they arrive.
    ///
    /// - Parameter limit: items to keep by name, of `limits`.
    public mutating func add(_ item: ItemID, at time: EventTime, limit: Int) {
        let hash = Identifier.hash(item.rawValue)
        var time = time
        if let place = place(of: item, hash) {
            items.remove(at: place)
            hashes.remove(at: place)
            time = max(time, times.remove(at: place))
        }
        items.append(item)
        times.append(time)
        hashes.append(hash)
        shorten(to: limit)
    }

    /// Moves all but the last `limit` items to the older ones.
    mutating func shorten(to limit: Int) {
        let excess = items.count - min(max(limit, Self.limits.lowerBound), Self.limits.upperBound)
        guard excess > 0 else { return }
        if older == nil { older = BloomFilter() }
        for item in items.prefix(excess) { older?.insert(item) }
        items.removeFirst(excess)
        times.removeFirst(excess)
        hashes.removeFirst(excess)
    }

    private func place(of item: ItemID, _ hash: UInt64) -> Int? {
        hashes.indices.last { hashes[$0] == hash && items[$0] == item }
    }
}
