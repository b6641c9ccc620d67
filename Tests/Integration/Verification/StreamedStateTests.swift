import Commerce
import Connectors
import LinearAlgebra
import Observability
import Redis
import Streaming
import Testing
import TwoTower

/// The state that the stream leaves in Redis and the batch encoder over the whole history say the same of a shopper.
@Suite("The streamed state against the batch encoder")
struct StreamedStateTests {
    @Test(
        "gives the same ten items, with a sparse channel, sessions and attributes",
        .enabled(if: RedisServer.executable != nil, "redis-server is not installed"))
    func sameTen() async throws {
        try await onThread { try Self.verify() }
    }

    private static let k = 10
    /// Of a score, whose factor is `scale`: halves keep 11 bits, and a step rounds 64 numbers of magnitude 1 or so.
    private static let tolerance: Float = 2e-3

    private static func verify() throws {
        let shop = try HistoryShop()
        let redis = try RedisServer()
        defer { redis.stop() }
        let namespace = try RedisNamespace("history")
        let (partition, sink) = (PartitionIndex(0), MemorySink())
        let store = RedisStateStore(redis.address, namespace: namespace, options: RedisStateOptions(owner: "test"))
        let catalogue = try LiveCatalogue(model: shop.model)
        let claim = try store.claim(partition, nonce: Nonce(rawValue: 1), partitionCount: 1)
        // Nothing is cached: each batch of a few events goes through Redis.
        let worker = PartitionWorker(
            claim: claim, position: Position(next: Offset(0), last: nil), verifying: false,
            source: MemorySource(try shop.records(), from: Offset(0)), store: store, sink: sink,
            stage: ShopperStage(
                model: shop.model, catalogue: catalogue,
                settings: ShopperSettings(
                    historyLength: 50, eventIDWindow: 0, purchaseMemory: 256, idleExpiry: nil, listSize: k,
                    refresh: .everyEvent, topic: "events"),
                configuration: "c", decoder: EventDecoder(), letterLimit: 1_000,
                metrics: ShopperMetrics(MetricRegistry(), clock: { EventTime(milliseconds: 0) })),
            lease: Lease(isFresh: { true }), limits: .init(batch: 16, batchesInFlight: 1, cachedStates: 0))
        var progress = worker.advance()
        while progress == .worked { progress = worker.advance() }
        try #require(progress == .idle)

        var newest: [Shopper: RecommendationList] = [:]
        let decoder = ListDecoder()
        for record in sink.records {
            let list = try decoder.decode(record.value ?? []).list
            newest[list.shopper] = list
        }
        let reader = RedisStateReader(redis.address, namespace: namespace)
        var same = 0
        for shopper in shop.shoppers {
            let batch = shop.batchScores(of: shopper)
            let key = StateKey(shopper.tagged)
            let stored = try #require(try reader.state(key, partition))
            let streamed = shop.scores(try ShopperRecord(bytes: stored.bytes, shopper: key))
            let worst = zip(batch, streamed).reduce(Float(0)) { max($0, ($1.0 - $1.1).magnitude) }
            #expect(worst < tolerance * shop.scale, "\(shopper)")
            let excluded = shop.bought(shopper).union(shop.cart(shopper))
            let allowed = batch.indices.filter { !excluded.contains(shop.model.items[$0]) }
            let (expected, found) = (top(allowed, batch), top(allowed, streamed))
            // The list that was published is that of the state in Redis, and of the batch encoder unless two items are as
            // good as equal.
            #expect(newest[shopper]?.slots.map(\.item) == found.map { shop.model.items[$0] })
            #expect(newest[shopper]?.slots.map(\.score) == found.map { streamed[$0] })
            for (a, b) in zip(expected, found) { #expect((batch[a] - batch[b]).magnitude < 2 * tolerance * shop.scale) }
            if expected == found { same += 1 }
        }
        #expect(same * 20 >= shop.shoppers.count * 19, "\(same) of \(shop.shoppers.count) in the same order")
        let lists = Set(newest.values.map { $0.slots.map(\.item) })
        #expect(lists.count == newest.count, "lists must differ between shoppers")
    }

    /// The k best by falling score, equal scores by item.
    private static func top(_ rows: [Int], _ scores: [Float]) -> [Int] {
        Array(
            rows.sorted {
                scores[$0] != scores[$1] ? scores[$0] > scores[$1] : HistoryShop.item($0) < HistoryShop.item($1)
            }
            .prefix(k))
    }
}
