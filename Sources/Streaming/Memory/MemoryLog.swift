import Commerce

/// A partition of the log held in memory: the source of tests and of passes over files.
public final class MemorySource: PartitionSource {
    private let records: [LogRecord]
    private var index: Int
    /// The last offset reported, nil before the first report.
    public private(set) var reported: Offset?

    /// Reads `records`, which are in the order of their offsets, from the first at or after `start`.
    public init(_ records: [LogRecord], from start: Offset) {
        self.records = records
        index = records.firstIndex { $0.offset >= start } ?? records.count
    }

    public func take(limit: Int) throws(StreamError) -> [LogRecord] {
        let end = min(records.count, index + limit)
        defer { index = end }
        return Array(records[index..<end])
    }

    public func report(next: Offset) { reported = next }
}
