import Bytes
import Commerce
import Retrieval

/// The stored form of the purchases, as a part of a shopper's record: the items with the distance of each time to the one
/// before, then the filter's bytes or none.
extension PurchaseMemory {
    /// Writes the purchases; equal ones have equal bytes.
    func write(to writer: inout ByteWriter) {
        writer.count(items.count)
        var last: Int64 = 0
        for (item, time) in zip(items, times) {
            writer.string(item.rawValue)
            writer.signedVarint(time.rawValue &- last)
            last = time.rawValue
        }
        writer.blob(older?.bytes ?? [])
    }

    /// Reads what `write` wrote.
    init(reading reader: inout ByteReader) throws(ByteReaderError) {
        let start = reader.position
        let count = try reader.count(ofSize: 2)
        guard PurchaseMemory.limits.contains(count) else {
            throw ByteReaderError(
                offset: start,
                problem: "\(count) purchases by name, of which there are at most \(PurchaseMemory.limits.upperBound)")
        }
        var (items, times): ([ItemID], [EventTime]) = ([], [])
        var last: Int64 = 0
        for _ in 0..<count {
            items.append(ItemID(try reader.string()))
            last &+= try reader.signedVarint()
            times.append(EventTime(milliseconds: last))
        }
        self.init(items: items, times: times, older: try PurchaseMemory.filter(&reader))
    }

    private static func filter(_ reader: inout ByteReader) throws(ByteReaderError) -> BloomFilter? {
        let start = reader.position
        let bytes = try reader.blob()
        if bytes.isEmpty { return nil }
        guard let filter = BloomFilter(bytes: bytes) else {
            throw ByteReaderError(
                offset: start,
                problem: "a filter of \(bytes.count) bytes for the older purchases, where one has \(BloomFilter.size)")
        }
        return filter
    }

    /// Reads what formats 1 to 3 held: items in order of the first purchase, however many, and no times.
    ///
    /// - Parameter time: stands for the time of each.
    init(readingItems reader: inout ByteReader, at time: EventTime) throws(ByteReaderError) {
        var items: [ItemID] = []
        for _ in 0..<(try reader.count()) { items.append(ItemID(try reader.string())) }
        self.init(items: items, times: items.map { _ in time }, older: nil)
        shorten(to: PurchaseMemory.usualLimit)
    }
}
