import Bytes
import Commerce

/// The end of what was taken from a partition's log: the next records have to follow it without a gap.
struct LogEnd {
    let partition: PartitionIndex
    var position: Position
    /// The next record is the last one that was applied, to be compared and not to be applied again.
    private var isVerifying: Bool

    init(partition: PartitionIndex, position: Position, isVerifying: Bool) {
        self.partition = partition
        self.position = position
        self.isVerifying = isVerifying && position.last != nil
    }

    /// Checks that `records` follow; returns those that are to be applied.
    mutating func admit(_ records: [LogRecord]) throws(StreamError) -> [LogRecord] {
        var records = records
        if isVerifying, let first = records.first {
            try verify(first)
            isVerifying = false
            records.removeFirst()
        }
        var expected = position.next
        for record in records {
            guard record.offset == expected else {
                throw StreamError(
                    .logDiverged,
                    "partition \(partition): expected offset \(expected), read \(record.offset): records are missing from the "
                        + "log (retention, or a topic with transactions or compaction); nothing was skipped. Decide where to go "
                        + "on and set \(StreamError.newStart), or restore the topic")
            }
            expected = record.offset.next
        }
        return records
    }

    private func verify(_ record: LogRecord) throws(StreamError) {
        guard record.offset.next == position.next, record.applied == position.last else {
            throw StreamError(
                .logDiverged,
                "partition \(partition): the record at offset \(record.offset) is not the one that the state ends with: the topic "
                    + "was truncated or made anew. Use \(StreamError.newStart) for the new topic")
        }
    }
}

extension LogRecord {
    /// The record as the state that it was applied to remembers it.
    var applied: AppliedRecord { AppliedRecord(timestamp: timestamp, crc: CRC32.checksum(value ?? [])) }
}
