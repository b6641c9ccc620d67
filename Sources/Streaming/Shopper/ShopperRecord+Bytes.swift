import Bytes
import Commerce

/// The stored form of a shopper's record.
extension ShopperRecord {
    /// Written first. Older ones are read as well: format 3, which knew no cart and no times of purchases, format 2, whose state was in
    /// single precision, and format 1, which knew neither sessions nor attributes. Others are refused.
    private static let format: UInt8 = 4

    /// An entry's first byte: its action, and what follows.
    private enum Flag {
        static let action: UInt8 = 0x07
        static let changesSession: UInt8 = 1 << 3
        static let hasGap: UInt8 = 1 << 4
        static let hasVector: UInt8 = 1 << 5
        static let hasAttributes: UInt8 = 1 << 6
        /// The attributes of the entry before: those of a shopper seldom change, and are stored once.
        static let sameAttributes: UInt8 = 1 << 7
    }

    /// The bytes to store: equal records have equal bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(
            reserving: 256 + 2 * state.values.count + 24 * entries.count + 12 * cart.count
                + 16 * purchases.items.count + (purchases.older?.bytes.count ?? 0))
        writer.integer(ShopperRecord.format)
        writer.string(shopper.rawValue)
        writer.string(model)
        writer.varint(startedAt)
        writer.varint(sequence)
        writer.count(state.values.count)
        writer.halves(state.values)
        writer.integer(UInt8(latest == nil ? 0 : 1))
        if let latest { writer.signedVarint(latest.rawValue) }
        writer.integer(UInt8(session == nil ? 0 : 1))
        if let session { writer.integer(session) }
        writer.count(entries.count)
        let span = entries.span
        for index in span.indices {
            ShopperRecord.write(span[index], after: index > 0 ? span[index - 1].attributes : [:], to: &writer)
        }
        writer.count(eventIDs.count)
        writer.integers(eventIDs)
        writer.count(cart.count)
        for item in cart { writer.string(item.rawValue) }
        purchases.write(to: &writer)
        return writer.bytes
    }

    private static func write(_ entry: Entry, after attributes: [String: String], to writer: inout ByteWriter) {
        let isSame = !entry.attributes.isEmpty && entry.attributes == attributes
        let isOther = !entry.attributes.isEmpty && !isSame
        var flags = entry.action.rawValue
        if entry.changesSession { flags |= Flag.changesSession }
        if entry.gap != nil { flags |= Flag.hasGap }
        if entry.vector != nil { flags |= Flag.hasVector }
        if isOther { flags |= Flag.hasAttributes }
        if isSame { flags |= Flag.sameAttributes }
        writer.integer(flags)
        writer.string(entry.item.rawValue)
        if let gap = entry.gap { writer.signedVarint(gap) }
        if let vector = entry.vector {
            writer.count(vector.count)
            writer.floats(vector)
        }
        guard isOther else { return }
        writer.count(entry.attributes.count)
        for (name, value) in entry.attributes.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            writer.string(name)
            writer.string(value)
        }
    }

    /// Reads stored bytes.
    ///
    /// - Throws: `StreamError.corrupt` with the shopper, the byte and the fault.
    public init(bytes: [UInt8], shopper: StateKey) throws(StreamError) {
        do {
            var reader = ByteReader(bytes)
            let format: UInt8 = try reader.integer()
            guard (1...ShopperRecord.format).contains(format) else {
                throw StreamError(
                    .corrupt,
                    "shopper \(shopper): the record has format \(format), this version reads 1 to "
                        + "\(ShopperRecord.format): run the version that wrote it, or use \(StreamError.newStart)")
            }
            self.init(shopper: StateKey(try reader.string()))
            model = try reader.string()
            startedAt = try reader.varint()
            sequence = try reader.varint()
            if format > 2 {
                state = ShopperState(values: try reader.halves(try reader.count(ofSize: 2)))
            } else {
                state = try reader.floats(try reader.count(ofSize: 4)).withUnsafeBufferPointer {
                    ShopperState(rounding: $0)
                }
            }
            latest = try reader.integer(as: UInt8.self) == 0 ? nil : EventTime(milliseconds: try reader.signedVarint())
            if format > 1 { session = try reader.integer(as: UInt8.self) == 0 ? nil : try reader.integer() }
            for _ in 0..<(try reader.count(ofSize: 2)) {
                entries.append(try ShopperRecord.entry(&reader, after: entries.last?.attributes ?? [:]))
            }
            eventIDs = try reader.integers(try reader.count(ofSize: 8))
            if format > 3 {
                cart = try ShopperRecord.cart(&reader)
                purchases = try PurchaseMemory(reading: &reader)
            } else {
                // The cart is what the kept events left in it.
                for entry in entries { updateCart(entry.action, entry.item) }
                purchases = try PurchaseMemory(readingItems: &reader, at: latest ?? EventTime(milliseconds: 0))
            }
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

    private static func cart(_ reader: inout ByteReader) throws(ByteReaderError) -> [ItemID] {
        let start = reader.position
        let count = try reader.count()
        guard count <= cartLimit else {
            throw ByteReaderError(
                offset: start, problem: "\(count) items in the cart, of which at most \(cartLimit) are kept")
        }
        var cart: [ItemID] = []
        for _ in 0..<count { cart.append(ItemID(try reader.string())) }
        return cart
    }

    private static func entry(_ reader: inout ByteReader, after attributes: [String: String]) throws -> Entry {
        let flags: UInt8 = try reader.integer()
        // Format 1 left the two upper bits and the fourth one at zero.
        guard let action = Action(rawValue: flags & Flag.action) else {
            throw StreamError(.corrupt, "an entry has the unknown action \(flags & Flag.action)")
        }
        var entry = Entry(
            item: ItemID(try reader.string()), action: action,
            gap: flags & Flag.hasGap == 0 ? nil : try reader.signedVarint(),
            vector: flags & Flag.hasVector == 0 ? nil : try reader.floats(try reader.count(ofSize: 4)),
            changesSession: flags & Flag.changesSession != 0)
        if flags & Flag.sameAttributes != 0 { entry.attributes = attributes }
        if flags & Flag.hasAttributes != 0 {
            for _ in 0..<(try reader.count(ofSize: 2)) { entry.attributes[try reader.string()] = try reader.string() }
        }
        return entry
    }
}
