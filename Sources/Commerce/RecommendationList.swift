/// A refreshed list of one user: the value of a record of the `recommendations` topic.
///
/// `list_id` is a hash of everything the list depends on, so lists of equal identity are equal byte for byte.
public struct RecommendationList: Equatable, Sendable {
    /// One slot of a list.
    public struct Slot: Equatable, Sendable {
        /// 1 is first.
        public var rank: Int
        public var item: ItemID
        /// What the item was ranked by among those of its origin, boosts included: `Origin` says what it is.
        public var score: Float
        public var origin: Origin
        /// "Because you viewed this": the item of the shopper's last events that speaks most for this one; nil where none does.
        public var because: ItemID?

        public init(rank: Int, item: ItemID, score: Float, origin: Origin, because: ItemID? = nil) {
            self.rank = rank
            self.item = item
            self.score = score
            self.origin = origin
            self.because = because
        }
    }

    /// How a slot was filled.
    public enum Origin: String, CaseIterable, Sendable {
        /// By what the shopper did: the score is the dot product of the user's and the item's vector, and what the sparse channel
        /// adds to it.
        case personal
        /// By what many do now, for a shopper of whom nothing usable is known: the score is the item's decayed count of events, multiplied
        /// by the factors of boosts.
        case trending
        /// To learn how an item is taken: the score is as in the list's personal or trending slots.
        case exploration
        /// Because the shop put it there: the score is as in the list's personal or trending slots, 0 for an item that does not trend.
        case pinned
    }

    /// What made the list be computed.
    public enum Trigger: Equatable, Sendable {
        /// An event of the shopper, with its `event_id` where it had one.
        case event(id: String?)
    }

    /// The record that the list was computed at.
    public struct Source: Equatable, Sendable {
        public var topic: String
        /// Of the topic; first is 0.
        public var partition: Int32
        /// Of the record itself, not the next one.
        public var offset: Int64

        public init(topic: String, partition: Int32, offset: Int64) {
            self.topic = topic
            self.partition = partition
            self.offset = offset
        }
    }

    /// What a list is a function of; its hash is the list's identity.
    public struct Lineage: Equatable, Sendable {
        public var trigger: Trigger
        public var source: Source
        public var modelVersion: String
        public var indexVersion: String
        /// Digest of the settings that shape a list.
        public var configuration: String
        /// Next offset of each partition of the catalogue topic that the list has not seen.
        public var catalogue: [Int32: Int64]

        public init(
            trigger: Trigger, source: Source, modelVersion: String, indexVersion: String, configuration: String,
            catalogue: [Int32: Int64]
        ) {
            self.trigger = trigger
            self.source = source
            self.modelVersion = modelVersion
            self.indexVersion = indexVersion
            self.configuration = configuration
            self.catalogue = catalogue
        }
    }

    public var shopper: Shopper
    public var slots: [Slot]
    /// How many slots fewer than configured there are: nothing is put into a slot only to fill it.
    public var shortfall: Int
    public var lineage: Lineage
    /// The time of the event at which the list was computed.
    public var eventTime: EventTime

    public init(shopper: Shopper, slots: [Slot], shortfall: Int = 0, lineage: Lineage, eventTime: EventTime) {
        self.shopper = shopper
        self.slots = slots
        self.shortfall = shortfall
        self.lineage = lineage
        self.eventTime = eventTime
    }
}
