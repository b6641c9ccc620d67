import Bytes
import Commerce

/// What is kept of one shopper: the last events, the tower's state after them, and what was bought.
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

        public init(item: ItemID, action: Action, gap: Int64?, vector: [Float]?) {
            self.item = item
            self.action = action
            self.gap = gap
            self.vector = vector
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
    /// [model.stateSize]; empty before the first event.
    public var state: [Float] = []
    /// The last events in order of arrival, oldest first.
    public var entries: [Entry] = []
    /// The largest event time so far.
    public var latest: EventTime?
    /// Hashes of the last event ids, oldest first: repeats within this window are dropped.
    public var eventIDs: [UInt64] = []
    /// Everything bought, in order of the first purchase.
    public var purchased: [ItemID] = []

    /// A shopper who has done nothing yet.
    public init(shopper: StateKey) { self.shopper = shopper }
}

// MARK: - The stored form

extension ShopperRecord {
    /// Written first; a record of another format is refused.
    private static let format: UInt8 = 1

    private enum Flag {
        static let hasGap: UInt8 = 1 << 4
        static let hasVector: UInt8 = 1 << 5
        static let action: UInt8 = 0x0f
    }

    /// The bytes to store: equal records have equal bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 256 + 4 * state.count + 24 * entries.count + 12 * purchased.count)
        writer.integer(ShopperRecord.format)
        writer.string(shopper.rawValue)
        writer.string(model)
        writer.varint(startedAt)
        writer.varint(sequence)
        writer.count(state.count)
        writer.floats(state)
        writer.integer(UInt8(latest == nil ? 0 : 1))
        if let latest { writer.signedVarint(latest.rawValue) }
        writer.count(entries.count)
        for entry in entries {
            var flags = entry.action.rawValue
            if entry.gap != nil { flags |= Flag.hasGap }
            if entry.vector != nil { flags |= Flag.hasVector }
            writer.integer(flags)
            writer.string(entry.item.rawValue)
            if let gap = entry.gap { writer.signedVarint(gap) }
            if let vector = entry.vector {
                writer.count(vector.count)
                writer.floats(vector)
            }
        }
        writer.count(eventIDs.count)
        for id in eventIDs { writer.integer(id) }
        writer.count(purchased.count)
        for item in purchased { writer.string(item.rawValue) }
        return writer.bytes
    }

    /// Reads stored bytes.
    ///
    /// - Throws: `StreamError.corrupt` with the shopper, the byte and the fault.
    public init(bytes: [UInt8], shopper: StateKey) throws(StreamError) {
        do {
            var reader = ByteReader(bytes)
            let format: UInt8 = try reader.integer()
            guard format == ShopperRecord.format else {
                throw StreamError(
                    .corrupt,
                    "shopper \(shopper): the record has format \(format), this version reads \(ShopperRecord.format): "
                        + "run the version that wrote it, or use a new namespace")
            }
            self.shopper = StateKey(try reader.string())
            model = try reader.string()
            startedAt = try reader.varint()
            sequence = try reader.varint()
            state = try reader.floats(try reader.count(ofSize: 4))
            latest = try reader.integer(as: UInt8.self) == 0 ? nil : EventTime(milliseconds: try reader.signedVarint())
            for _ in 0..<(try reader.count(ofSize: 2)) { entries.append(try ShopperRecord.entry(&reader)) }
            for _ in 0..<(try reader.count(ofSize: 8)) { eventIDs.append(try reader.integer()) }
            for _ in 0..<(try reader.count()) { purchased.append(ItemID(try reader.string())) }
            try reader.end()
        } catch let error as StreamError {
            throw error
        } catch {
            throw StreamError(.corrupt, "shopper \(shopper): the stored record cannot be read: \(error)")
        }
        guard self.shopper == shopper else {
            throw StreamError(.corrupt, "shopper \(shopper): the stored record is of \(self.shopper)")
        }
    }

    private static func entry(_ reader: inout ByteReader) throws -> Entry {
        let flags: UInt8 = try reader.integer()
        guard let action = Action(rawValue: flags & Flag.action) else {
            throw StreamError(.corrupt, "an entry has the unknown action \(flags & Flag.action)")
        }
        return Entry(
            item: ItemID(try reader.string()), action: action,
            gap: flags & Flag.hasGap == 0 ? nil : try reader.signedVarint(),
            vector: flags & Flag.hasVector == 0 ? nil : try reader.floats(try reader.count(ofSize: 4)))
    }
}
