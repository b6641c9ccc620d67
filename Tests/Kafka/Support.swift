import Foundation
import Kafka
import Synchronization
import Testing

/// The bootstrap servers of an Apache Kafka to test on, if one is named.
let apacheKafka = ProcessInfo.processInfo.environment["BREADCRUMB_KAFKA"]

/// Why the tests of Apache Kafka are skipped.
let needsApacheKafka: Comment = "BREADCRUMB_KAFKA names no Apache Kafka; the embedded cluster cannot show this"

/// Runs a test that blocks on a thread of its own: the cooperative pool's few must not wait.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result(catching: body)) }.start()
    }
}

/// An embedded cluster with one topic.
final class Fixture {
    let cluster: EmbeddedCluster
    let topic = "events"
    let configuration: KafkaConfiguration
    /// Short, for the embedded cluster's rebalances take the session's time less a second.
    static let session: Duration = .milliseconds(2500)

    init(partitions: Int, brokers: Int = 1) throws {
        cluster = try EmbeddedCluster(brokers: brokers)
        try cluster.createTopic(topic, partitions: partitions)
        configuration = KafkaConfiguration(
            bootstrapServers: cluster.bootstrapServers, clientID: "test",
            consumerProperties: ["heartbeat.interval.ms": "200"])
    }

    deinit { cluster.close() }

    /// `count` records whose value is their number, under `keys` keys.
    func numbered(_ count: Int, keys: Int = 50) -> [KafkaRecord] {
        (0..<count).map { KafkaRecord(topic: topic, key: Array("u\($0 % keys)".utf8), value: Array("\($0)".utf8)) }
    }

    /// Produces and waits for the delivery.
    func produce(_ records: [KafkaRecord], configuration: KafkaConfiguration? = nil) throws {
        let producer = try KafkaProducer(configuration ?? self.configuration)
        let delivery = try producer.produce(records)
        #expect(producer.flush(timeout: .seconds(20)))
        #expect(delivery.state == .delivered)
        producer.close(timeout: .seconds(5))
    }

    /// Everything in the topic.
    func contents() throws -> [KafkaMessage] {
        var found: [KafkaMessage] = []
        try KafkaReader(configuration, topic: topic).readToEnd { found.append($0) }
        return found
    }
}

/// Waits for a condition that other threads bring about.
final class Signal: @unchecked Sendable {  // every mutable field is guarded by `condition`
    private let condition = NSCondition()
    private var version = 0

    func notify() {
        condition.withLock {
            version += 1
            condition.broadcast()
        }
    }

    /// True as soon as `check` holds, asked after every `notify`; false after `seconds`.
    func wait(_ seconds: Double = 20, until check: () -> Bool) -> Bool {
        let limit = Date(timeIntervalSinceNow: seconds)
        while true {
            let seen = condition.withLock { version }
            if check() { return true }
            let isLate = condition.withLock {
                while version == seen { if !condition.wait(until: limit) { return true } }
                return false
            }
            if isLate { return check() }
        }
    }
}

/// A worker of a group's member: keeps positions in `store`, as Redis would, and processes what it takes.
final class Member: KafkaGroupHandler {
    /// Positions and processed values that the members share.
    final class Store: Sendable {
        struct State {
            var next: [KafkaPartition: KafkaOffset] = [:]
            /// Offsets in the order they were processed.
            var offsets: [KafkaPartition: [KafkaOffset]] = [:]
            var values: [[UInt8]] = []
        }
        let state = Mutex(State())
        let signal = Signal()
        var count: Int { state.withLock { $0.values.count } }
    }

    private struct State {
        var queues: [KafkaPartitionQueue] = []
        var refused: Set<KafkaPartition> = []
        var revocations = 0
        var errors: [KafkaError] = []
    }

    let store: Store
    private let state = Mutex(State())

    init(_ store: Store, refusing refused: Set<KafkaPartition> = []) {
        self.store = store
        state.withLock { $0.refused = refused }
    }

    var partitions: Set<KafkaPartition> { state.withLock { Set($0.queues.map(\.partition)) } }
    var errors: [KafkaError] { state.withLock { $0.errors } }
    var revocations: Int { state.withLock { $0.revocations } }
    func acceptAll() { state.withLock { $0.refused = [] } }

    /// Takes what is here and processes it; the lock is the "in-flight work" that a revocation waits for.
    func work(limit: Int = 100) {
        state.withLock { state in
            for queue in state.queues {
                while true {
                    do throws(KafkaError) {
                        let messages = try queue.take(limit: limit)
                        if messages.isEmpty { break }
                        store.state.withLock { store in
                            for message in messages {
                                store.offsets[message.partition, default: []].append(message.offset)
                                store.values.append(message.value ?? [])
                                store.next[message.partition] = message.offset.next
                            }
                        }
                        queue.report(next: messages[messages.count - 1].offset.next)
                    } catch {
                        state.errors.append(error)
                        break
                    }
                }
            }
        }
    }

    func assigned(_ partitions: [KafkaPartition]) -> [KafkaPartition: KafkaOffset] {
        let refused = state.withLock { $0.refused }
        return store.state.withLock { store in
            var starts: [KafkaPartition: KafkaOffset] = [:]
            for partition in partitions where !refused.contains(partition) {
                starts[partition] = store.next[partition] ?? 0
            }
            return starts
        }
    }

    func started(_ queues: [KafkaPartitionQueue]) {
        state.withLock { $0.queues = queues }
        store.signal.notify()
    }

    func revoked(_ partitions: [KafkaPartition], isLost: Bool) {
        state.withLock { state in
            state.queues = []
            state.revocations += 1
        }
        store.signal.notify()
    }

    func arrived(_ partition: KafkaPartition) { store.signal.notify() }

    func failed(_ error: KafkaError) {
        state.withLock { $0.errors.append(error) }
        store.signal.notify()
    }
}
