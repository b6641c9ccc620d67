import Kafka
import Synchronization
import Testing

@Suite struct ProducerTests {
    @Test func keysValuesHeadersAndTimestampsComeBack() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            let records = [
                KafkaRecord(
                    topic: fixture.topic, partition: 0, key: [1, 0, 255], value: Array("value".utf8),
                    headers: [
                        KafkaHeader(name: "a", value: [1, 2]), KafkaHeader(name: "a", value: []),
                        KafkaHeader(name: "", value: nil),
                    ], timestamp: 1_234_567_890_123),
                KafkaRecord(topic: fixture.topic, partition: 0, key: Array("tombstone".utf8), value: nil),
                KafkaRecord(topic: fixture.topic, partition: 0, key: [], value: []),
                KafkaRecord(topic: fixture.topic, partition: 0, key: nil, value: [7], timestamp: 0),
            ]
            try fixture.produce(records)
            let found = try fixture.contents()
            try #require(found.count == records.count)
            #expect(found.map(\.key) == records.map(\.key))
            #expect(found.map(\.value) == records.map(\.value))
            #expect(found.map(\.headers) == records.map(\.headers))
            #expect(found.map(\.offset) == [0, 1, 2, 3])
            #expect(found[0].timestamp == 1_234_567_890_123)
            #expect((found[1].timestamp ?? 0) > 1_700_000_000_000)
        }
    }

    /// Java's murmur2 of "21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string",
    /// "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8" (Kafka's own UtilsTest).
    @Test func keysChoosePartitionsAsJavaDoes() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 7)
            let hashes: [(String, Int32)] = [
                ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
                ("a-little-bit-longer-string", -1_486_304_829),
                ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ]
            try fixture.produce(hashes.map { KafkaRecord(topic: fixture.topic, key: Array($0.0.utf8), value: []) })
            let found = try fixture.contents()
            for (key, hash) in hashes {
                let message = try #require(found.first { $0.key == Array(key.utf8) })
                #expect(message.partition == KafkaPartition(rawValue: (hash & 0x7fff_ffff) % 7))
            }
        }
    }

    @Test func aBatchCompletesOnceAndWakes() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 4)
            let signal = Signal()
            let completions = Atomic<Int>(0)
            let producer = try KafkaProducer(fixture.configuration) {
                completions.add(1, ordering: .relaxed)
                signal.notify()
            }
            let first = try producer.produce(fixture.numbered(1000))
            let second = try producer.produce(fixture.numbered(10))
            #expect(try producer.produce([]).state == .delivered)
            #expect(signal.wait { first.state == .delivered && second.state == .delivered })
            producer.close(timeout: .seconds(5))
            producer.close(timeout: .seconds(5))
            #expect(completions.load(ordering: .relaxed) == 2)
            #expect(throws: KafkaError.self) { try producer.produce(fixture.numbered(1)) }
        }
    }

    @Test func waitsForRoomInAFullQueue() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 4)
            var configuration = fixture.configuration
            configuration.producerProperties = ["queue.buffering.max.messages": "10", "linger.ms": "0"]
            try fixture.produce(fixture.numbered(500), configuration: configuration)
            #expect(try fixture.contents().count == 500)
        }
    }

    @Test func aQueueThatStaysFullFailsTheDelivery() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            var configuration = fixture.configuration
            configuration.producerProperties = ["queue.buffering.max.messages": "5"]
            try fixture.cluster.setReachable(false)
            let producer = try KafkaProducer(configuration, queueTimeout: .milliseconds(50))
            let delivery = try producer.produce(fixture.numbered(6))
            guard case .failed(let error) = delivery.state else {
                Issue.record("\(delivery.state)")
                return
            }
            #expect(error.code == .queueFull)
            #expect(error.isRetriable)
            producer.close(timeout: .zero)
        }
    }

    @Test func aRecordOverTheLimitFailsForGood() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            let producer = try KafkaProducer(fixture.configuration)
            let delivery = try producer.produce([
                KafkaRecord(topic: fixture.topic, key: nil, value: [UInt8](repeating: 1, count: 9_000_000))
            ])
            guard case .failed(let error) = delivery.state else {
                Issue.record("\(delivery.state)")
                return
            }
            #expect(error.code == .messageTooLarge)
            #expect(!error.isRetriable)
            #expect(error.message.contains("max.message.bytes"))
            producer.close(timeout: .zero)
        }
    }

    @Test func survivesBrokerErrors() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            try fixture.cluster.fail(.produce, with: [.requestTimedOut, .notLeader, .disconnect])
            try fixture.produce(fixture.numbered(20))
            #expect(try fixture.contents().map(\.value) == fixture.numbered(20).map(\.value))
        }
    }

    @Test func reportsARefusalOfTheBroker() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            try fixture.cluster.fail(.produce, with: [.topicAuthorizationFailed])
            let signal = Signal()
            let producer = try KafkaProducer(fixture.configuration) { signal.notify() }
            let delivery = try producer.produce(fixture.numbered(1))
            #expect(signal.wait { delivery.state != .pending })
            guard case .failed(let error) = delivery.state else {
                Issue.record("\(delivery.state)")
                return
            }
            #expect(error.code == .authorization)
            #expect(!error.isRetriable)
            producer.close(timeout: .zero)
        }
    }

    @Test func aSettledDeliveryIsReleased() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            let producer = try KafkaProducer(fixture.configuration)
            weak var released: KafkaDelivery?
            func produce(_ records: [KafkaRecord]) throws {
                let delivery = try producer.produce(records)
                released = delivery
                #expect(producer.flush(timeout: .seconds(20)))
            }
            try produce(fixture.numbered(100))
            producer.close(timeout: .seconds(5))
            #expect(released == nil)
        }
    }

    /// A broker that misses a record of the idempotent producer: going on could lose or reorder records.
    @Test func aBrokenSequenceIsFatal() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            try fixture.cluster.fail(.produce, with: [.outOfOrderSequence])
            let signal = Signal()
            let producer = try KafkaProducer(fixture.configuration) { signal.notify() }
            let delivery = try producer.produce(fixture.numbered(1))
            #expect(signal.wait { delivery.state != .pending })
            guard case .failed(let error) = try producer.produce(fixture.numbered(1)).state else {
                Issue.record("the producer goes on")
                return
            }
            #expect(error.isFatal)
            #expect(!error.isRetriable)
            #expect(error.name == "OUT_OF_ORDER_SEQUENCE_NUMBER")
            producer.close(timeout: .zero)
        }
    }

    @Test func aBrokerThatStaysAwayIsNamed() async throws {
        try await onThread {
            let signal = Signal()
            let producer = try KafkaProducer(
                KafkaConfiguration(bootstrapServers: "127.0.0.1:1"), deliveryTimeout: .milliseconds(300)
            ) { signal.notify() }
            let delivery = try producer.produce([KafkaRecord(topic: "lists", key: nil, value: [1])])
            #expect(signal.wait { delivery.state != .pending })
            guard case .failed(let error) = delivery.state else {
                Issue.record("\(delivery.state)")
                return
            }
            #expect(error.code == .unreachable)
            #expect(error.isRetriable)
            #expect(error.message.contains("lists"))
            #expect(error.message.contains("127.0.0.1:1"))
            producer.close(timeout: .zero)
        }
    }

    @Test func closingFailsWhatWasNotDelivered() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 1)
            try fixture.cluster.setReachable(false)
            let producer = try KafkaProducer(fixture.configuration)
            let delivery = try producer.produce(fixture.numbered(3))
            #expect(delivery.state == .pending)
            producer.close(timeout: .milliseconds(10))
            guard case .failed = delivery.state else {
                Issue.record("\(delivery.state)")
                return
            }
        }
    }
}
