import CLibrdkafka
import Synchronization

/// The records of one assigned partition, in a bounded queue of its own.
///
/// Back-pressure is not taking: there is no pause, resume or seek (librdkafka 2.0 can lose or skip records there). One
/// thread takes at a time; it may be any thread.
public final class KafkaPartitionQueue: @unchecked Sendable {  // all that changes is guarded by `state`
    public let topic: String
    public let partition: KafkaPartition
    /// The offset of the first record asked for.
    public let start: KafkaOffset
    public let client: KafkaClient
    private let state: Mutex<State>
    private let commits: OffsetReports

    private struct State {
        /// Nil once closed.
        var queue: OpaquePointer?
        var isRevoked = false
        /// A fault that came behind records, for the next call.
        var fault: KafkaError?
        /// What the arrival callback calls; librdkafka holds it unowned.
        var wake: Wake?
    }

    private final class Wake: Sendable {
        let partition: KafkaPartition
        let handler: any KafkaGroupHandler

        init(_ partition: KafkaPartition, _ handler: any KafkaGroupHandler) {
            self.partition = partition
            self.handler = handler
        }
    }

    /// Takes the partition's queue out of the group's common one, which must happen before it is assigned.
    init?(topic: String, partition: KafkaPartition, start: KafkaOffset, client: KafkaClient, commits: OffsetReports) {
        guard let queue = rd_kafka_queue_get_partition(client.pointer, topic, partition.rawValue) else { return nil }
        rd_kafka_queue_forward(queue, nil)
        self.topic = topic
        self.partition = partition
        self.start = start
        self.client = client
        self.commits = commits
        state = Mutex(State(queue: queue))
    }

    deinit { close() }

    /// Up to `limit` records that are already here, in order; never waits. Empty when none are here or the partition was
    /// revoked. Take until it is empty before waiting for `arrived`.
    ///
    /// Throws `.offsetOutOfRange` where the log no longer has the position, and other faults of the partition.
    public func take(limit: Int) throws(KafkaError) -> [KafkaMessage] {
        let outcome = state.withLock { state -> Result<[KafkaMessage], KafkaError> in
            if let fault = state.fault.take() { return .failure(fault) }
            guard let queue = state.queue, !state.isRevoked, limit > 0 else { return .success([]) }
            var (messages, fault) = MessageBatch.take(
                from: queue, limit: limit, timeout: .zero, doing: "reading \(topic)")
            if messages.isEmpty, let found = fault.take() { return .failure(found) }
            state.fault = fault
            return .success(messages)
        }
        return try outcome.get()
    }

    /// Remembers how far the partition has been processed, for lag displays: committed to Kafka about once a second.
    /// `next` is the first record not processed.
    public func report(next: KafkaOffset) { commits.report(partition, next) }

    /// Begins to call `handler.arrived`.
    func wake(_ handler: any KafkaGroupHandler) {
        state.withLock { state in
            let wake = Wake(partition, handler)
            state.wake = wake
            rd_kafka_queue_cb_event_enable(
                state.queue,
                { _, opaque in
                    guard let opaque else { return }
                    let wake = Unmanaged<Wake>.fromOpaque(opaque).takeUnretainedValue()
                    wake.handler.arrived(wake.partition)
                }, Unmanaged.passUnretained(wake).toOpaque())
        }
    }

    /// Empties the queue for good.
    func revoke() { state.withLock { $0.isRevoked = true } }

    func close() {
        state.withLock { state in
            guard let queue = state.queue.take() else { return }
            // After this call no callback runs: librdkafka makes it under the same lock.
            rd_kafka_queue_cb_event_enable(queue, nil, nil)
            rd_kafka_queue_destroy(queue)
            state.wake = nil
        }
    }
}

/// Offsets to be committed for lag displays, the newest of each partition.
final class OffsetReports: Sendable {
    private let pending = Mutex<[KafkaPartition: Int64]>([:])

    func report(_ partition: KafkaPartition, _ next: KafkaOffset) { pending.withLock { $0[partition] = next.rawValue } }

    /// The offsets reported since the last call.
    func take() -> [KafkaPartition: Int64] {
        pending.withLock { pending in
            defer { pending.removeAll(keepingCapacity: true) }
            return pending
        }
    }
}
