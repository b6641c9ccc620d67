import Bytes
import Commerce

/// The stored form of decayed counts.
extension ItemCounts {
    /// Written first; others are refused.
    private static let format: UInt8 = 1

    /// The bytes to store: equal records have equal bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(reserving: 24 + 24 * counters.count)
        writer.integer(ItemCounts.format)
        writer.varint(UInt64(halfLife.tick))
        writer.integer(UInt8(latest == nil ? 0 : 1))
        if let latest { writer.signedVarint(latest) }
        writer.count(counters.count)
        for counter in counters {
            writer.string(counter.item.rawValue)
            writer.double(counter.count)
        }
        return writer.bytes
    }

    /// Reads what is stored under `key`, which goes on with `halfLife`; nil bytes are a record without a count.
    ///
    /// - Throws: `StreamError.corrupt` with the key, the byte and the fault.
    public init(bytes: [UInt8]?, key: StateKey, halfLife: HalfLife) throws(StreamError) {
        guard let bytes else {
            self.init(halfLife: halfLife)
            return
        }
        do {
            var reader = ByteReader(bytes)
            let format: UInt8 = try reader.integer()
            guard format == ItemCounts.format else {
                throw StreamError(
                    .corrupt,
                    "counts \(key): the record has format \(format), this version reads \(ItemCounts.format): run the version "
                        + "that wrote it, or use \(StreamError.newStart)")
            }
            guard let tick = Int64(exactly: try reader.varint()), tick > 0 else {
                throw StreamError(.corrupt, "counts \(key): the half-life is no time")
            }
            let latest = try reader.integer(as: UInt8.self) == 0 ? nil : try reader.signedVarint()
            let counters = try ItemCounts.counters(&reader, key)
            try reader.end()
            self = ItemCounts(halfLife: HalfLife(tick: tick), latest: latest, counters: counters).with(halfLife)
        } catch let error as StreamError {
            throw error
        } catch {
            throw StreamError(.corrupt, "counts \(key): the stored record cannot be read: \(error)")
        }
    }

    private static func counters(_ reader: inout ByteReader, _ key: StateKey) throws -> [Counter] {
        let number = try reader.count(ofSize: 9)
        guard number <= capacity else {
            throw StreamError(.corrupt, "counts \(key): \(number) counters, more than the \(capacity) there can be")
        }
        var counters: [Counter] = []
        for _ in 0..<number {
            let item = ItemID(try reader.string())
            let count = try reader.double()
            guard count >= 0, count.isFinite, !counters.contains(where: { $0.item == item }) else {
                throw StreamError(
                    .corrupt, "counts \(key): item \(item.rawValue) is there twice, or its count is \(count)")
            }
            counters.append(Counter(item: item, hash: Identifier.hash(item.rawValue), count: count))
        }
        return counters
    }
}
