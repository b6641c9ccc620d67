import CLibrdkafka

/// Reads partitions of a topic without a group: the whole of a compacted topic up to the watermarks found at the start,
/// and then on as records arrive.
///
/// One thread uses it at a time. Every call may block: never call it from the cooperative pool.
public final class KafkaReader {
    public let topic: String
    public let client: KafkaClient
    /// How far it has come, and what "caught up" means.
    public private(set) var progress: KafkaReaderProgress
    private let handle: TopicHandle
    private let queue: OpaquePointer

    /// Asks for the watermarks and begins to fetch.
    ///
    /// - Parameters:
    ///   - partitions: nil reads all of the topic's.
    ///   - start: the first offset wanted, by partition; the beginning where none is given.
    ///   - timeout: for each question to the broker.
    /// - Throws: `.offsetOutOfRange` too, where the log does not reach from `start` on: it was truncated, has expired or was made anew.
    public init(
        _ configuration: KafkaConfiguration, topic: String, partitions: [KafkaPartition]? = nil,
        from start: [KafkaPartition: KafkaOffset] = [:], timeout: Duration = .seconds(10)
    ) throws(KafkaError) {
        client = try KafkaClient(
            configuration, role: .consumer,
            defaults: [
                // One queue for all partitions. librdkafka 2.0 looks at a full one again after up to a second, so it
                // should hold what can be read in that time.
                "queued.min.messages": "200000", "queued.max.messages.kbytes": "131072", "fetch.wait.max.ms": "100",
                "allow.auto.create.topics": "false",
            ],
            fixed: ["enable.partition.eof": "true", "auto.offset.reset": "error", "enable.auto.commit": "false"])
        self.topic = topic
        let count = try client.partitionCount(of: topic, timeout: timeout)
        let chosen = partitions ?? (0..<Int32(count)).map(KafkaPartition.init(rawValue:))
        progress = KafkaReaderProgress()
        for partition in chosen {
            let found = try client.watermarks(of: topic, partition, timeout: timeout)
            let position = start[partition] ?? found.low
            guard found.low <= position, position <= found.high else {
                throw KafkaError(
                    RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
                    doing: "reading \(topic)[\(partition)] from \(position), which holds \(found.low) to \(found.high)")
            }
            progress.begin(partition, at: position, target: found.high)
        }
        handle = try TopicHandle(topic, client: client)
        queue = rd_kafka_queue_new(client.pointer)
        for partition in chosen {
            // "The beginning", not the low watermark: retention may have moved that since.
            let offset = start[partition]?.rawValue ?? Int64(RD_KAFKA_OFFSET_BEGINNING)
            guard rd_kafka_consume_start_queue(handle.pointer, partition.rawValue, offset, queue) == 0 else {
                throw client.error(rd_kafka_last_error(), doing: "reading \(topic)[\(partition)]")
            }
        }
    }

    deinit {
        for partition in progress.positions.keys { rd_kafka_consume_stop(handle.pointer, partition.rawValue) }
        rd_kafka_queue_destroy(queue)
    }

    /// Up to `limit` records, of any partition, each partition's in order; waits up to `timeout` for the first.
    /// A fault of a partition ends its reading.
    public func take(limit: Int, timeout: Duration) throws(KafkaError) -> [KafkaMessage] {
        rd_kafka_poll(client.pointer, 0)
        var progress = progress
        let (messages, fault) = MessageBatch.take(
            from: queue, limit: max(1, limit), timeout: timeout, doing: "reading \(topic)"
        ) { progress.end($0, at: $1) }
        for message in messages { progress.advance(message.partition, to: message.offset.next) }
        self.progress = progress
        if let fault { throw fault }
        return messages
    }

    /// Reads until it has caught up with the watermarks found at the start, or is no longer wanted, calling `body` for each record.
    ///
    /// - Parameter isWanted: asked at least twice a second.
    /// - Throws: `.timedOut`, or what the connection suffers from, when nothing came for `patience`.
    public func readToEnd(
        patience: Duration = .seconds(30), while isWanted: () -> Bool = { true }, _ body: (KafkaMessage) -> Void
    ) throws(KafkaError) {
        var deadline = ContinuousClock.now + patience
        while !progress.isCaughtUp, isWanted() {
            let before = progress
            for message in try take(limit: 1000, timeout: min(deadline.remaining, .milliseconds(500))) { body(message) }
            if progress != before { deadline = ContinuousClock.now + patience }
            if deadline.remaining == .zero, !progress.isCaughtUp {
                throw client.error(
                    RD_KAFKA_RESP_ERR__TIMED_OUT,
                    doing: "reading \(topic) to its end (nothing for \(patience); \(progress))")
            }
        }
    }
}

/// How far a reader has come in each partition.
public struct KafkaReaderProgress: Equatable, Sendable, CustomStringConvertible {
    /// The next offset of each partition.
    public private(set) var positions: [KafkaPartition: KafkaOffset] = [:]
    /// The high watermarks found at the start.
    public private(set) var targets: [KafkaPartition: KafkaOffset] = [:]

    public init() {}

    /// Adds a partition.
    package mutating func begin(_ partition: KafkaPartition, at position: KafkaOffset, target: KafkaOffset) {
        positions[partition] = position
        targets[partition] = target
    }

    /// Everything below `next` has been read.
    package mutating func advance(_ partition: KafkaPartition, to next: KafkaOffset) {
        guard let position = positions[partition] else { return }
        positions[partition] = max(position, next)
    }

    /// The broker has nothing at `offset` yet and nothing between the position and it: compaction leaves such holes.
    package mutating func end(_ partition: KafkaPartition, at offset: KafkaOffset) { advance(partition, to: offset) }

    /// Offsets between the positions and the watermarks found at the start: at most so many records are still to come.
    public var remaining: Int {
        targets.reduce(0) { $0 + Int(clamping: max(0, $1.value.rawValue - (positions[$1.key]?.rawValue ?? 0))) }
    }

    /// Whether every partition was read to the watermark found at the start.
    public var isCaughtUp: Bool { targets.allSatisfy { partition, target in (positions[partition] ?? 0) >= target } }

    /// Partitions that are behind, as `partition: position of target`.
    public var description: String {
        let behind = targets.filter { (positions[$0.key] ?? 0) < $0.value }.sorted { $0.key < $1.key }
        if behind.isEmpty { return "caught up" }
        return behind.map { "\($0.key): \(positions[$0.key] ?? 0) of \($0.value)" }.joined(separator: ", ")
    }
}
