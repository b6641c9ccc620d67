import Commerce
import Connectors
import Foundation
import Kafka
import LinearAlgebra
import Retrieval
import Streaming
import Synchronization
import Testing
import TwoTower

/// The catalogue topic on the embedded cluster.
struct CatalogueFeedTests {
    /// What a feed said, in order, and who waits for more.
    private final class Ear: Sendable {
        private let events = Mutex<[CatalogueFeed.Event]>([])
        private let arrival = DispatchSemaphore(value: 0)

        var heard: [CatalogueFeed.Event] { events.withLock { $0 } }

        func take(_ event: CatalogueFeed.Event) {
            events.withLock { $0.append(event) }
            arrival.signal()
        }

        /// Whether the condition comes true; asked after each event.
        func waits(until isTrue: () -> Bool) -> Bool {
            while !isTrue() {
                guard arrival.wait(timeout: .now() + 20) == .success else { return isTrue() }
            }
            return true
        }
    }

    /// Knows one item, and two words.
    private static func model() -> Model {
        let layout = TowerLayout(
            TowerShape(
                items: 1, tokens: 2, vectors: [VectorColumn(name: "image", width: 3)], dimension: 16, blocks: 1,
                hidden: 32)
        )
        let parameters = FloatBuffer(count: layout.count)
        for place in 0..<layout.count { parameters.pointer[place] = Float(place % 7) / 10 - 0.3 }
        let vector = FloatBuffer(count: 16)
        vector.pointer[0] = 1
        return Model(
            version: "m1", layout: layout, parameters: parameters, itemVectors: vector,
            vocabulary: FeatureVocabulary(tokens: ["w:red", "w:blue"]), items: [ItemID("known")])
    }

    private static func record(_ item: CatalogueItem) throws -> KafkaRecord {
        KafkaRecord(topic: "catalogue", key: Array(item.item.rawValue.utf8), value: try item.encoded())
    }

    @Test(arguments: [readAndFollow, readAnew]) func theTopicIsReadAndThenFollowed(
        _ body: @escaping @Sendable () throws -> Void
    ) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result(catching: body)) }.start()
        }
    }

    /// A cluster with the topic, and a producer of records.
    private final class Place {
        let cluster: EmbeddedCluster
        private let producer: KafkaProducer

        init() throws {
            cluster = try EmbeddedCluster()
            try cluster.createTopic("catalogue", partitions: 2)
            producer = try KafkaProducer(.init(bootstrapServers: cluster.bootstrapServers))
        }

        func send(_ records: [KafkaRecord]) throws {
            let delivery = try producer.produce(records)
            #expect(producer.flush(timeout: .seconds(20)) && delivery.state == .delivered)
        }

        /// All records there are.
        func read() throws -> [KafkaMessage] {
            var found: [KafkaMessage] = []
            try KafkaReader(.init(bootstrapServers: cluster.bootstrapServers), topic: "catalogue").readToEnd {
                found.append($0)
            }
            return found
        }

        func close() {
            producer.close(timeout: .seconds(5))
            cluster.close()
        }
    }

    private static func withdrawal(_ item: String) -> KafkaRecord {
        KafkaRecord(topic: "catalogue", key: Array(item.utf8), value: nil)
    }

    @Sendable private static func readAndFollow() throws {
        let place = try Place()
        defer { place.close() }
        let configuration = KafkaConfiguration(
            bootstrapServers: place.cluster.bootstrapServers, consumerProperties: ["fetch.wait.max.ms": "10"])
        var items = (0..<300).map { CatalogueItem(item: ItemID("item-\($0)"), title: "red", price: 10) }
        items[9].vectors = ["image": [1, 2]]
        try place.send(items.map(record) + [KafkaRecord(topic: "catalogue", key: Array("bad".utf8), value: [1])])

        let catalogue = try LiveCatalogue(model: model())
        let unwanted = CatalogueFeed(configuration, topic: "catalogue", catalogue: catalogue) { _ in }
        #expect(try unwanted.load(while: { false }) == nil && catalogue.snapshot.offsets.isEmpty)
        let ear = Ear()
        let feed = CatalogueFeed(configuration, topic: "catalogue", catalogue: catalogue, observe: ear.take)
        #expect(try feed.load() == 301)
        defer { feed.stop() }
        let progress = ear.heard.compactMap { event -> [Int]? in
            if case .loading(let records, let total) = event { [records, total] } else { nil }
        }
        #expect(progress == [[0, 301], [301, 301]])
        let first = catalogue.snapshot
        #expect(first.index.count == 300 && first.offsets.values.reduce(0, +) == 301)

        var changed = items[7]
        (changed.price, changed.inStock) = (20, false)
        let added = CatalogueItem(item: ItemID("added"), title: "blue")
        try place.send([try record(changed), try record(added), withdrawal("item-8")])
        #expect(ear.waits { catalogue.snapshot.offsets.values.reduce(0, +) == 304 }, "\(ear.heard)")
        let second = catalogue.snapshot
        #expect(second.index.attributes(of: changed.item) == ItemAttributes(price: 20, inStock: false))
        #expect(second.index.contains(added.item) && !second.index.contains(ItemID("item-8")))
        #expect(first.index.attributes(of: changed.item) == ItemAttributes(price: 10))
        #expect(!first.index.contains(added.item) && first.index.contains(ItemID("item-8")))
        // One is no record, the other's vector is too short: each by its own place in the log.
        let refused = ear.heard.compactMap { event -> String? in
            if case .refused(let partition, let offset, let reason) = event {
                "\(partition) \(offset): \(reason)"
            } else {
                nil
            }
        }
        let log = try place.read()
        let (bad, short) = (
            try #require(log.first { $0.key == Array("bad".utf8) }),
            try #require(log.first { $0.key == Array("item-9".utf8) })
        )
        #expect(refused.count == 2)
        for message in [bad, short] {
            #expect(refused.count { $0.hasPrefix("\(message.partition.rawValue) \(message.offset.rawValue): ") } == 1)
        }
        let applied = ear.heard.reduce(0) { if case .applied(let count) = $1 { $0 + count } else { $0 } }
        #expect(applied == 302)
    }

    /// In place of the topic there is another one with fewer records: what is in it counts, though the feed was further in the old one.
    @Sendable private static func readAnew() throws {
        let (old, new) = (try Place(), try Place())
        defer { new.close() }
        func item(_ number: Int, price: Double) throws -> KafkaRecord {
            try record(CatalogueItem(item: ItemID("item-\(number)"), title: "red", price: price))
        }
        try old.send((0..<50).map { try item($0, price: 10) })
        try new.send([try item(1, price: 20), withdrawal("item-2")])
        try new.cluster.setReachable(false)
        let configuration = KafkaConfiguration(
            bootstrapServers: "\(old.cluster.bootstrapServers),\(new.cluster.bootstrapServers)",
            consumerProperties: ["fetch.wait.max.ms": "10"])
        let catalogue = try LiveCatalogue(model: model())
        let ear = Ear()
        let feed = CatalogueFeed(configuration, topic: "catalogue", catalogue: catalogue, observe: ear.take)
        #expect(try feed.load() == 50)
        defer { feed.stop() }
        old.close()
        try new.cluster.setReachable(true)
        let (changed, gone) = (ItemID("item-1"), ItemID("item-2"))
        #expect(
            ear.waits {
                catalogue.snapshot.index.attributes(of: changed)?.price == 20
                    && !catalogue.snapshot.index.contains(gone)
            },
            "\(ear.heard)")
        #expect(ear.heard.contains { if case .readAnew = $0 { true } else { false } })
        #expect(catalogue.snapshot.index.count == 50, "what it does not hold stays")
        try new.send([withdrawal("item-3")])
        #expect(ear.waits { catalogue.snapshot.index.count == 49 }, "and it is followed")
    }
}
