import Commerce
import Connectors
import Foundation
import Kafka
import Streaming
import Synchronization
import Testing

/// Kafka behind the engine's protocols, on the embedded cluster.
@Suite struct KafkaConnectorTests {
    /// Runs a test that blocks on a thread of its own: the cooperative pool's few must not wait.
    private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result(catching: body)) }.start()
        }
    }

    private final class Owner: KafkaGroupHandler {
        let start: KafkaOffset
        let queues = Mutex<[KafkaPartitionQueue]>([])
        let arrival = DispatchSemaphore(value: 0)

        init(start: KafkaOffset) { self.start = start }

        func assigned(_ partitions: [KafkaPartition]) -> [KafkaPartition: KafkaOffset] {
            Dictionary(uniqueKeysWithValues: partitions.map { ($0, start) })
        }
        func started(_ queues: [KafkaPartitionQueue]) {
            self.queues.withLock { $0 = queues }
            arrival.signal()
        }
        func revoked(_ partitions: [KafkaPartition], isLost: Bool) { queues.withLock { $0 = [] } }
        func arrived(_ partition: KafkaPartition) { arrival.signal() }
        func failed(_ error: KafkaError) {}

        /// Calls `turn` with the source of partition 0 at every arrival, until it answers true.
        func run(_ turn: (KafkaPartitionSource) -> Bool) -> Bool {
            while arrival.wait(timeout: .now() + 20) == .success {
                if let queue = queues.withLock({ $0.first }), turn(KafkaPartitionSource(queue)) { return true }
            }
            return false
        }
    }

    private func reading(
        _ configuration: KafkaConfiguration, from start: KafkaOffset, _ turn: (KafkaPartitionSource) -> Bool
    ) throws -> Bool {
        var configuration = configuration
        configuration.consumerProperties = ["heartbeat.interval.ms": "200"]
        let owner = Owner(start: start)
        let group = try KafkaConsumerGroup(
            configuration, group: "g", topic: "events", sessionTimeout: .milliseconds(2500), handler: owner)
        try group.start()
        defer { group.close() }
        return owner.run(turn)
    }

    @Test func recordsGoOutAndComeIn() async throws {
        try await onThread {
            let cluster = try EmbeddedCluster()
            defer { cluster.close() }
            try cluster.createTopic("events", partitions: 1)
            try cluster.createTopic("rejects", partitions: 1)
            let configuration = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
            let producer = try KafkaProducer(configuration)
            let sink = KafkaSink(
                producer, topics: KafkaSink.Topics(lists: "events", deadLetters: "rejects"),
                clock: { EventTime(milliseconds: 0) })
            let sent = [
                OutputRecord(
                    destination: .lists, key: [1], value: [2, 3], headers: [Header(name: "reason", value: [4])]),
                OutputRecord(destination: .lists, key: [9], value: nil),
                OutputRecord(destination: .deadLetters, key: nil, value: [5]),
            ]
            let delivery = try sink.produce(sent)
            #expect(producer.flush(timeout: .seconds(20)))
            #expect(delivery.state == .delivered)

            var taken: [LogRecord] = []
            let isComplete = try reading(configuration, from: 0) { source in
                taken += (try? source.take(limit: 10)) ?? []
                source.report(next: Offset(Int64(taken.count)))
                return taken.count == 2
            }
            #expect(isComplete)
            #expect(taken.map(\.offset) == [Offset(0), Offset(1)])
            #expect(taken.map(\.key) == [[1], [9]])
            #expect(taken.map(\.value) == [[2, 3], nil])
            let published = Header(name: KafkaSink.timeHeader, value: Array("1970-01-01T00:00:00.000Z".utf8))
            #expect(taken[0].headers == [Header(name: "reason", value: [4]), published])
            #expect(taken[0].timestamp > EventTime(milliseconds: 1_700_000_000_000))
            let observer = try KafkaClient(configuration, group: "g")
            #expect(try observer.committed("events", [0], timeout: .seconds(10)) == [0: 2])

            var rejects: [KafkaMessage] = []
            try KafkaReader(configuration, topic: "rejects").readToEnd { rejects.append($0) }
            #expect(rejects.map(\.value) == [[5]])
            producer.close(timeout: .seconds(5))
            let closed = #expect(throws: StreamError.self) { try sink.produce(sent) }
            #expect(closed?.code == .permanent)
        }
    }

    @Test func aPermanentFaultFailsTheDelivery() async throws {
        try await onThread {
            let cluster = try EmbeddedCluster()
            defer { cluster.close() }
            let producer = try KafkaProducer(KafkaConfiguration(bootstrapServers: cluster.bootstrapServers))
            defer { producer.close(timeout: .zero) }
            let sink = KafkaSink(
                producer, topics: KafkaSink.Topics(lists: "lists", deadLetters: "rejects"),
                clock: { EventTime(milliseconds: 0) })
            let delivery = try sink.produce([
                OutputRecord(destination: .lists, key: nil, value: [UInt8](repeating: 0, count: 9_000_000))
            ])
            guard case .failed(let error) = delivery.state else {
                Issue.record("\(delivery.state)")
                return
            }
            #expect(error.code == .permanent)
            #expect(error.message.contains("lists"))
        }
    }

    @Test func aPositionThatIsGoneIsADivergedLog() async throws {
        try await onThread {
            let cluster = try EmbeddedCluster()
            defer { cluster.close() }
            try cluster.createTopic("events", partitions: 1)
            let configuration = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
            var fault: StreamError?
            let isComplete = try reading(configuration, from: 77) { source in
                do throws(StreamError) { _ = try source.take(limit: 10) } catch { fault = error }
                return fault != nil
            }
            #expect(isComplete)
            #expect(fault?.code == .logDiverged)
        }
    }

    @Test func faultsKeepTheirMeaning() {
        let passing = KafkaError(.timedOut, name: "_TIMED_OUT", message: "m", isRetriable: true)
        #expect(StreamError(passing) == StreamError(.unavailable, "m"))
        #expect(StreamError(KafkaError(.authorization, name: "A", message: "m")) == StreamError(.permanent, "m"))
        #expect(StreamError(KafkaError(.offsetOutOfRange, name: "O", message: "m")) == StreamError(.logDiverged, "m"))
    }
}
