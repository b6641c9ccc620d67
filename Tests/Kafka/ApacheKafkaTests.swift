import Foundation
import Kafka
import Testing

/// What the embedded cluster cannot show.
@Suite(.enabled(if: apacheKafka != nil, needsApacheKafka)) struct ApacheKafkaTests {
    private let configuration = KafkaConfiguration(bootstrapServers: apacheKafka ?? "", clientID: "test")

    /// A topic's name that no earlier run used.
    private func fresh(_ name: String) -> String { "test-\(name)-\(UUID().uuidString)" }

    @Test func topicsAreCreatedAndDescribed() async throws {
        try await onThread {
            let admin = try KafkaAdmin(configuration)
            let topic = KafkaNewTopic(
                name: fresh("create"), partitions: 3,
                settings: ["cleanup.policy": "compact", "min.compaction.lag.ms": "60000"])
            try admin.create(topic, timeout: .seconds(20))
            let found = try admin.describe(topic.name, timeout: .seconds(20))
            #expect(found.partitions == 3)
            #expect(found.replicationFactor == 1)
            #expect(found.settings["cleanup.policy"] == .init(value: "compact", isDefault: false))
            #expect(found.settings["min.compaction.lag.ms"] == .init(value: "60000", isDefault: false))
            #expect(found.settings["max.message.bytes"]?.isDefault == true)
            #expect(try admin.names(timeout: .seconds(20)).contains(topic.name))

            let again = #expect(throws: KafkaError.self) { try admin.create(topic, timeout: .seconds(20)) }
            #expect(again?.code == .topicExists)
            let wrong = #expect(throws: KafkaError.self) {
                try admin.create(
                    KafkaNewTopic(name: fresh("wrong"), partitions: 1, settings: ["cleanup.polcy": "compact"]),
                    timeout: .seconds(20))
            }
            #expect(wrong?.code == .configuration)
            #expect(wrong?.message.contains("cleanup.polcy") == true)
            let missing = #expect(throws: KafkaError.self) {
                try admin.describe(fresh("missing"), timeout: .seconds(20))
            }
            #expect(missing?.code == .unknownTopic)
        }
    }

    @Test func compactionLeavesHolesThatReadingJumps() async throws {
        try await onThread {
            let admin = try KafkaAdmin(configuration)
            let topic = fresh("compact")
            try admin.create(
                KafkaNewTopic(
                    name: topic, partitions: 1,
                    settings: [
                        "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.001", "segment.ms": "100",
                        "min.compaction.lag.ms": "0", "max.compaction.lag.ms": "100", "delete.retention.ms": "100",
                    ]), timeout: .seconds(20))
            let producer = try KafkaProducer(configuration)
            defer { producer.close(timeout: .seconds(5)) }
            func produce(_ key: String, _ value: Int) throws {
                let delivery = try producer.produce([
                    KafkaRecord(topic: topic, key: Array(key.utf8), value: Array("\(value)".utf8))
                ])
                #expect(producer.flush(timeout: .seconds(20)))
                #expect(delivery.state == .delivered)
            }
            for value in 0..<100 { try produce("k\(value % 3)", value) }
            // Compaction takes closed segments alone, and looks for work every 15 s.
            var found: [KafkaMessage] = []
            let deadline = ContinuousClock.now + .seconds(60)
            var value = 100
            repeat {
                try produce("k\(value % 3)", value)
                value += 1
                found = []
                let reader = try KafkaReader(configuration, topic: topic)
                try reader.readToEnd { found.append($0) }
                #expect(reader.progress.positions[0] == KafkaOffset(rawValue: Int64(value)))
                // Waits inside librdkafka: nothing new comes.
                _ = try reader.take(limit: 1, timeout: .seconds(1))
            } while found.count >= value && .now < deadline
            #expect(found.count < value)
            let newest = Dictionary(found.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
            for key in 0..<3 {
                let last = (0..<value).last { $0 % 3 == key } ?? 0
                #expect(newest[Array("k\(key)".utf8)] == Array("\(last)".utf8))
            }
        }
    }

    @Test func offsetsAreFoundByTime() async throws {
        try await onThread {
            let topic = fresh("times")
            try KafkaAdmin(configuration).create(
                KafkaNewTopic(name: topic, partitions: 2, settings: ["retention.ms": "-1"]), timeout: .seconds(20))
            let producer = try KafkaProducer(configuration)
            let delivery = try producer.produce(
                (0..<10).map {
                    KafkaRecord(
                        topic: topic, partition: 0, key: nil, value: [$0],
                        timestamp: 1_700_000_000_000 + Int64($0) * 1000)
                })
            #expect(producer.flush(timeout: .seconds(20)))
            #expect(delivery.state == .delivered)
            producer.close(timeout: .seconds(5))
            let client = try KafkaClient(configuration)
            func offsets(_ time: Int64) throws -> [KafkaPartition: KafkaOffset] {
                try client.offsets(of: topic, [0, 1], at: time, timeout: .seconds(20))
            }
            #expect(try offsets(0) == [0: 0, 1: 0])
            #expect(try offsets(1_700_000_003_500) == [0: 4, 1: 0])
            #expect(try offsets(1_700_000_004_000) == [0: 4, 1: 0])
            #expect(try offsets(1_800_000_000_000) == [0: 10, 1: 0])
        }
    }

    @Test func aGroupReadsAndAnotherMemberGoesOn() async throws {
        try await onThread {
            let topic = fresh("group")
            try KafkaAdmin(configuration).create(KafkaNewTopic(name: topic, partitions: 4), timeout: .seconds(20))
            let producer = try KafkaProducer(configuration)
            defer { producer.close(timeout: .seconds(5)) }
            let store = Member.Store()
            for round in 1...2 {
                _ = try producer.produce(
                    (0..<1000).map {
                        KafkaRecord(topic: topic, key: [UInt8($0 % 7)], value: Array("\(round)-\($0)".utf8))
                    })
                let member = Member(store)
                let group = try KafkaConsumerGroup(
                    configuration, group: topic, topic: topic, sessionTimeout: .seconds(45), handler: member)
                try group.start()
                #expect(
                    store.signal.wait(40) {
                        member.work()
                        return store.count == round * 1000
                    })
                group.close()
                // A broker may learn of the new topic a moment after the controller has made it.
                #expect(member.errors.allSatisfy { $0.code == .unknownTopic })
            }
            #expect(store.state.withLock { Set($0.values).count } == 2000)
            let committed = try KafkaClient(configuration, group: topic).committed(
                topic, [0, 1, 2, 3], timeout: .seconds(20))
            #expect(committed == store.state.withLock { $0.next })
        }
    }

    @Test func aTopicThatIsMissingIsNotMade() async throws {
        try await onThread {
            let topic = fresh("missing")
            let error = #expect(throws: KafkaError.self) { try KafkaReader(configuration, topic: topic) }
            #expect(error?.code == .unknownTopic)
            let names = try KafkaAdmin(configuration).names(timeout: .seconds(20))
            #expect(!names.contains(topic))
        }
    }
}
