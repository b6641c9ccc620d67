import Kafka
import Testing

@Suite struct ReaderTests {
    @Test func readsTheWholeTopicThenGoesOn() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 3)
            try fixture.produce(fixture.numbered(1000))
            let reader = try KafkaReader(fixture.configuration, topic: fixture.topic)
            #expect(!reader.progress.isCaughtUp)
            var count = 0
            try reader.readToEnd { _ in count += 1 }
            #expect(count == 1000)
            #expect(reader.progress.isCaughtUp)
            #expect(reader.progress.positions == reader.progress.targets)
            try fixture.produce(fixture.numbered(5))
            var live: [KafkaMessage] = []
            let deadline = ContinuousClock.now + .seconds(20)
            while live.count < 5, .now < deadline { live += try reader.take(limit: 10, timeout: .seconds(10)) }
            #expect(Set(live.map(\.value)) == Set(fixture.numbered(5).map(\.value)))
        }
    }

    @Test func anEmptyTopicIsCaughtUpAtOnce() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 3)
            #expect(try KafkaReader(fixture.configuration, topic: fixture.topic).progress.isCaughtUp)
            #expect(try fixture.contents().isEmpty)
        }
    }

    @Test func readsFromAnOffset() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 2)
            try fixture.produce(
                (0..<20).map { KafkaRecord(topic: fixture.topic, partition: 1, key: nil, value: [UInt8($0)]) })
            var found: [KafkaMessage] = []
            try KafkaReader(fixture.configuration, topic: fixture.topic, partitions: [1], from: [1: 15])
                .readToEnd { found.append($0) }
            #expect(found.map(\.value) == (15..<20).map { [UInt8($0)] })
        }
    }

    @Test func progressJumpsOverHoles() {
        var progress = KafkaReaderProgress()
        progress.begin(0, at: 0, target: 10)
        progress.begin(1, at: 4, target: 4)
        progress.advance(0, to: 6)
        #expect(!progress.isCaughtUp)
        #expect(progress.description == "0: 6 of 10")
        progress.end(0, at: 10)
        progress.advance(0, to: 9)
        #expect(progress.isCaughtUp)
        #expect(progress.positions == [0: 10, 1: 4])
    }

    @Test func questions() async throws {
        try await onThread {
            let fixture = try Fixture(partitions: 5)
            try fixture.produce((0..<8).map { _ in KafkaRecord(topic: fixture.topic, partition: 2, key: nil, value: [1]) })
            let client = try KafkaClient(fixture.configuration)
            #expect(try client.partitionCount(of: fixture.topic, timeout: .seconds(10)) == 5)
            #expect(try client.watermarks(of: fixture.topic, 2, timeout: .seconds(10)) == KafkaWatermarks(low: 0, high: 8))
            #expect(client.cachedWatermarks(of: fixture.topic, 2) == nil)
            // The embedded cluster has no times: the end is the documented answer.
            #expect(try client.offsets(of: fixture.topic, [2], at: 0, timeout: .seconds(10)) == [2: 8])
        }
    }
}
