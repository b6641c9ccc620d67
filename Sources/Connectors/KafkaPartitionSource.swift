import Commerce
import Kafka
import Streaming

/// One assigned partition of a Kafka topic as the engine reads it.
public final class KafkaPartitionSource: PartitionSource {
    private let queue: KafkaPartitionQueue
    private let progress: PartitionProgress?

    /// Reads `queue`, whose first record is the one at `queue.start`, and notes in `progress` what is reported.
    public init(_ queue: KafkaPartitionQueue, progress: PartitionProgress? = nil) {
        self.queue = queue
        self.progress = progress
    }

    /// A record without a timestamp (a topic from before Kafka 0.10) counts as one of 1970.
    public func take(limit: Int) throws(StreamError) -> [LogRecord] {
        do throws(KafkaError) {
            return try queue.take(limit: limit).map(LogRecord.init)
        } catch {
            throw StreamError(error)
        }
    }

    public func report(next: Offset) {
        progress?.reached(next)
        queue.report(next: KafkaOffset(rawValue: next.rawValue))
    }
}

extension KafkaPartition {
    /// The same partition, in the engine's terms.
    public var index: PartitionIndex { PartitionIndex(rawValue) }
}

extension LogRecord {
    /// The same record; its bytes are shared, not copied.
    public init(_ message: KafkaMessage) {
        self.init(
            partition: message.partition.index, offset: Offset(message.offset.rawValue),
            timestamp: EventTime(milliseconds: message.timestamp ?? 0), key: message.key, value: message.value,
            headers: message.headers.map { Header(name: $0.name, value: $0.value) })
    }
}

extension StreamError {
    /// What a fault of Kafka is to the engine: a position that is gone is a log that diverged, what may pass by itself
    /// is unavailable, the rest is permanent.
    public init(_ error: KafkaError) {
        let code: Code =
            switch error.code {
            case .offsetOutOfRange: .logDiverged
            default: error.isRetriable ? .unavailable : .permanent
            }
        self.init(code, error.message)
    }
}
