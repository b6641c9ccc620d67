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
        let layout = TowerLayout(TowerShape(items: 1, tokens: 2, dimension: 16, blocks: 1, hidden: 32))
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

    @Test func theTopicIsReadAndThenFollowed() async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result(catching: Self.readAndFollow)) }.start()
        }
    }

    private static func readAndFollow() throws {
        let cluster = try EmbeddedCluster()
        defer { cluster.close() }
        try cluster.createTopic("catalogue", partitions: 2)
        let configuration = KafkaConfiguration(
            bootstrapServers: cluster.bootstrapServers, consumerProperties: ["fetch.wait.max.ms": "10"])
        let producer = try KafkaProducer(configuration)
        defer { producer.close(timeout: .seconds(5)) }
        func send(_ records: [KafkaRecord]) throws {
            let delivery = try producer.produce(records)
            #expect(producer.flush(timeout: .seconds(20)) && delivery.state == .delivered)
        }
        let items = (0..<300).map { CatalogueItem(item: ItemID("item-\($0)"), title: "red", price: 10) }
        try send(items.map(record) + [KafkaRecord(topic: "catalogue", key: Array("bad".utf8), value: [1])])

        let catalogue = try LiveCatalogue(model: model())
        let ear = Ear()
        let feed = CatalogueFeed(configuration, topic: "catalogue", catalogue: catalogue, observe: ear.take)
        #expect(try feed.load() == 301)
        defer { feed.stop() }
        let progress = ear.heard.compactMap { event -> [Int]? in
            if case .loading(let records, let total) = event { [records, total] } else { nil }
        }
        #expect(progress == [[0, 301], [301, 301]])
        let first = catalogue.snapshot
        #expect(first.index.count == 301 && first.offsets.values.reduce(0, +) == 301)

        var changed = items[7]
        (changed.price, changed.inStock) = (20, false)
        let added = CatalogueItem(item: ItemID("added"), title: "blue")
        try send([
            try record(changed), try record(added),
            KafkaRecord(topic: "catalogue", key: Array("item-8".utf8), value: nil),
        ])
        #expect(ear.waits { catalogue.snapshot.offsets.values.reduce(0, +) == 304 }, "\(ear.heard)")
        let second = catalogue.snapshot
        #expect(second.index.attributes(of: changed.item) == ItemAttributes(price: 20, inStock: false))
        #expect(second.index.contains(added.item) && !second.index.contains(ItemID("item-8")))
        #expect(first.index.attributes(of: changed.item) == ItemAttributes(price: 10))
        #expect(!first.index.contains(added.item) && first.index.contains(ItemID("item-8")))
        let refused = ear.heard.count { if case .refused = $0 { true } else { false } }
        #expect(refused == 1)
    }
}
