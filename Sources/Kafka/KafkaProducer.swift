import CLibrdkafka
import Foundation
import Synchronization

/// A producer that the workers of a process share: idempotent, acknowledged by all in-sync replicas, murmur2.
///
/// Its queue is bounded (`queue.buffering.max.messages`, `.kbytes`). A thread of its own serves the delivery reports.
public final class KafkaProducer: @unchecked Sendable {  // `topics` is guarded by `condition`; the rest is thread-safe
    public let client: KafkaClient
    private let thread = LoopThread()
    private let condition = NSCondition()
    private var topics: [String: TopicHandle] = [:]
    private var isClosed = false
    private let waiting: Waiting
    private let queueTimeout: Duration
    private let completed: @Sendable () -> Void

    /// Makes the producer and starts its thread; connects in the background.
    ///
    /// - Parameters:
    ///   - deliveryTimeout: how long a record may take to be acknowledged (`message.timeout.ms`) before its delivery
    ///     fails. Keep it below the group's session, so that nothing is delivered for a partition that was lost.
    ///   - queueTimeout: how long `produce` waits for room in the queue.
    ///   - deliveryCompleted: called on the producer's thread whenever a delivery completes; it should only wake someone.
    public init(
        _ configuration: KafkaConfiguration, deliveryTimeout: Duration = .seconds(30),
        queueTimeout: Duration = .seconds(30), deliveryCompleted: @escaping @Sendable () -> Void = {}
    ) throws(KafkaError) {
        let waiting = Waiting()
        client = try KafkaClient(
            configuration, role: .producer,
            defaults: [
                "linger.ms": "5",
                "queue.buffering.max.messages": "100000", "queue.buffering.max.kbytes": "262144",
                // Above what the topics of the contract take: the broker decides, not the client.
                "message.max.bytes": "8388608",
            ],
            fixed: [
                "partitioner": "murmur2_random", "enable.idempotence": "true", "acks": "all",
                "message.timeout.ms": String(deliveryTimeout.milliseconds),
            ],
            adjust: { conf in
                rd_kafka_conf_set_dr_msg_cb(conf) { client, message, _ in
                    if let message { KafkaDelivery.settle(message, client) }
                }
            })
        self.waiting = waiting
        self.queueTimeout = queueTimeout
        completed = deliveryCompleted
        let client = client
        thread.start(name: "kafka-producer") {
            if rd_kafka_poll(client.pointer, 100) > 0 { waiting.roomMayExist() }
        }
    }

    deinit { close(timeout: .zero) }

    /// Hands the records over in order, waiting while the queue is full.
    ///
    /// A record that cannot be handed over (too large, or no room within the time allowed) fails the delivery, and
    /// those after it are not sent. Throws where the producer is closed.
    public func produce(_ records: [KafkaRecord]) throws(KafkaError) -> KafkaDelivery {
        let delivery = KafkaDelivery(count: records.count, completed: completed)
        if records.isEmpty { return delivery }
        var handle = try topic(records[0].topic)
        let opaque = delivery.retainedOpaque()
        let deadline = ContinuousClock.now + queueTimeout
        for (index, record) in records.enumerated() {
            do throws(KafkaError) {
                if record.topic != handle.name { handle = try topic(record.topic) }
                try enqueue(record, handle, opaque, deadline)
            } catch {
                delivery.settle(records.count - index, error)
                break
            }
        }
        return delivery
    }

    /// Waits until every record handed over so far is settled; false when `timeout` passed first.
    public func flush(timeout: Duration) -> Bool {
        rd_kafka_flush(client.pointer, timeout.milliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    /// Flushes within `timeout`, fails what is left, ends the thread. More calls do no harm.
    public func close(timeout: Duration) {
        let wasClosed = condition.withLock {
            defer { isClosed = true }
            return isClosed
        }
        if wasClosed { return }
        if !flush(timeout: timeout) {
            rd_kafka_purge(client.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            _ = flush(timeout: .seconds(1))
        }
        thread.stop()
        condition.withLock { topics.removeAll() }
    }

    private func topic(_ name: String) throws(KafkaError) -> TopicHandle {
        condition.lock()
        defer { condition.unlock() }
        if isClosed { throw .closed("producing to \(name)") }
        if let known = topics[name] { return known }
        let made = try TopicHandle(name, client: client)
        topics[name] = made
        return made
    }

    private func enqueue(
        _ record: KafkaRecord, _ topic: TopicHandle, _ opaque: UnsafeMutableRawPointer,
        _ deadline: ContinuousClock.Instant
    ) throws(KafkaError) {
        while true {
            let served = waiting.served
            guard let refused = ProduceCall.send(record, topic.pointer, opaque, client.pointer) else { return }
            if rd_kafka_error_code(refused) == RD_KAFKA_RESP_ERR__QUEUE_FULL,
                waiting.room(after: served, until: deadline)
            {
                rd_kafka_error_destroy(refused)
                continue
            }
            let error = KafkaError(takingOwnershipOf: refused, doing: "producing to \(record.topic)")
            throw error.isFatal ? KafkaError(fatal: client.pointer, doing: "producing to \(record.topic)") : error
        }
    }
}

/// Wakes `produce` calls that found the queue full.
private final class Waiting: @unchecked Sendable {  // every mutable field is guarded by `condition`
    private let condition = NSCondition()
    private let count = Atomic<Int>(0)

    /// How often delivery reports have been served.
    var served: Int { count.load(ordering: .acquiring) }

    func roomMayExist() {
        condition.withLock {
            count.add(1, ordering: .releasing)
            condition.broadcast()
        }
    }

    /// Waits until reports were served since `seen`; false past `deadline`.
    func room(after seen: Int, until deadline: ContinuousClock.Instant) -> Bool {
        let limit = Date(timeIntervalSinceNow: deadline.remaining / .seconds(1))
        return condition.withLock {
            while served == seen { if !condition.wait(until: limit) { return false } }
            return true
        }
    }
}
