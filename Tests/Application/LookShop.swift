import Commerce
import Connectors
import Foundation
import Kafka
import LinearAlgebra
import Redis
import Streaming
import Testing
import TwoTower

/// A deployment to look into: an embedded cluster, a Redis of its own and a checkpoint, gone when it is let go.
final class LookShop {
    static let hasRedis = RedisServer.executable != nil
    static let reason: Comment = "redis-server is not on the PATH (Debian: redis-server)"
    /// 2026-11-01T12:00:00Z
    static let noon: Int64 = 1_793_534_400_000

    let cluster: EmbeddedCluster
    let redis: RedisServer
    let namespace: RedisNamespace
    let partitions: Int
    let modelVersion: String
    private let directory: URL

    /// Topics of `partitions` partitions, a model of four items, a server without state.
    init(partitions: Int = 3) throws {
        signal(SIGPIPE, SIG_IGN)
        self.partitions = partitions
        cluster = try EmbeddedCluster()
        for topic in ["events", "catalogue", "recommendations", "events.dead-letter"] {
            try cluster.createTopic(topic, partitions: partitions)
        }
        redis = try RedisServer()
        namespace = try RedisNamespace("look")
        directory = FileManager.default.temporaryDirectory.appending(path: "breadcrumb-look-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let model = try Self.checkpoint()
        try model.save(to: directory.appending(path: "model"))
        modelVersion = model.model.version
    }

    deinit {
        redis.stop()
        cluster.close()
        try? FileManager.default.removeItem(at: directory)
    }

    private static let facts = """
        {"seed":7,"dataDigest":"abc","events":1234,"shoppers":56,"epochs":3,"recallAt10":0.125,
        "settings":{"dropout":0.5}}
        """

    private static func checkpoint() throws -> Checkpoint {
        let layout = TowerLayout(TowerShape(items: 4, tokens: 1, dimension: 16, blocks: 1, hidden: 16))
        let (parameters, vectors) = (FloatBuffer(count: layout.count), FloatBuffer(count: 4 * 16))
        parameters.clear()
        vectors.clear()
        return try Checkpoint(
            layout: layout, parameters: parameters, itemVectors: vectors, items: ["i1", "i2", "i3", "i4"],
            vocabulary: FeatureVocabulary(tokens: ["w:red"]),
            facts: try JSONDecoder().decode(TrainingFacts.self, from: Data(facts.utf8)))
    }

    var modelPath: String { directory.appending(path: "model").path }

    /// The settings that reach this deployment, as flags.
    var flags: [String] {
        [
            "--kafka-bootstrap-servers", cluster.bootstrapServers, "--redis-url", redis.address.description,
            "--redis-namespace", namespace.name, "--model-path", modelPath,
        ]
    }

    // MARK: What is written

    func store(owner: String = "host:42") -> RedisStateStore {
        RedisStateStore(
            redis.address, namespace: namespace,
            options: RedisStateOptions(timeToLive: .seconds(7_200), owner: owner), patience: RedisPatience(total: .zero)
        )
    }

    /// Claims the partition and commits records up to `next`.
    @discardableResult
    func commit(_ partition: Int32, next: Int64, _ records: [ShopperRecord] = [], nonce: UInt64 = 0xab) throws -> Fence
    {
        let store = store()
        let claim = try store.claim(
            PartitionIndex(partition), nonce: Nonce(rawValue: nonce), partitionCount: partitions)
        let commit = Commit(
            fence: claim.fence, expected: claim.position?.next,
            position: Position(
                next: Offset(next), last: AppliedRecord(timestamp: EventTime(milliseconds: Self.noon), crc: 1)),
            writes: records.map { StateWrite(key: $0.shopper, value: $0.bytes) })
        #expect(try store.commit(commit) == .applied)
        return claim.fence
    }

    func produce(_ records: [KafkaRecord]) throws {
        let producer = try KafkaProducer(KafkaConfiguration(bootstrapServers: cluster.bootstrapServers))
        let delivery = try producer.produce(records)
        #expect(producer.flush(timeout: .seconds(20)))
        #expect(delivery.state == .delivered)
        producer.close(timeout: .seconds(5))
    }

    /// A catalogue record.
    func describe(_ item: String, _ title: String) -> KafkaRecord {
        KafkaRecord(
            topic: "catalogue", key: Array(item.utf8), value: Array(#"{"item_id":"\#(item)","title":"\#(title)"}"#.utf8)
        )
    }

    /// A list made at `offset` of partition 0 of the events.
    func list(
        _ shopper: Shopper, _ items: [String], offset: Int64, eventTime: Int64 = LookShop.noon,
        published: String? = nil,
        origin: RecommendationList.Origin = .personal, shortfall: Int = 0
    ) throws -> KafkaRecord {
        let list = RecommendationList(
            shopper: shopper,
            slots: items.enumerated().map {
                .init(
                    rank: $0 + 1, item: ItemID($1), score: 1.5 - Float($0), origin: origin,
                    because: $0 == 0 ? ItemID("i1") : nil)
            },
            shortfall: shortfall,
            lineage: .init(
                trigger: .event(id: "e\(offset)"), source: .init(topic: "events", partition: 0, offset: offset),
                modelVersion: modelVersion, indexVersion: "x1", configuration: "c1", catalogue: [0: 1]),
            eventTime: EventTime(milliseconds: eventTime))
        return KafkaRecord(
            topic: "recommendations", key: list.key, value: try list.encoded(),
            headers: published.map { [KafkaHeader(name: KafkaSink.timeHeader, value: Array($0.utf8))] } ?? [])
    }
}

/// The object of a JSON text, read by another parser than the project's.
func parsed(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}
