import Commerce
import Connectors
import Observability
import Redis
import Streaming
import Testing

/// What trends, counted in Redis as in memory.
@Suite("What trends, streamed", .serialized)
struct StreamedTrendTests {
    @Test(
        "Counts and lists through Redis, with nothing cached, are those of a pass in memory",
        .enabled(if: RedisServer.executable != nil, "redis-server is not installed"))
    func throughRedis() async throws { try await onThread { try Self.verify() } }

    private static func verify() throws {
        let shop = try HistoryShop()
        let log = try log(shop)
        let memory = MemoryStateStore()
        let expected = try run(shop, log, memory, batch: 256, cached: 1_000)
        let redis = try RedisServer()
        defer { redis.stop() }
        let namespace = try RedisNamespace("trend")
        let store = RedisStateStore(redis.address, namespace: namespace, options: RedisStateOptions(owner: "test"))
        // Two processes, one after the other.
        let found =
            try run(shop, Array(log[..<1_000]), store, batch: 7, cached: 0)
            + run(shop, log, store, batch: 16, cached: 0)
        #expect(found == expected)
        let decoder = ListDecoder()
        let trending = try expected.filter { try decoder.decode($0.value ?? []).list.slots.first?.origin == .trending }
        #expect(trending.count > 30)
        #expect(Set(trending.map(\.value)).count == trending.count)

        let reader = RedisStateReader(redis.address, namespace: namespace)
        let values = memory.contents(of: partition).values
        #expect(values.keys.contains("t:0:nl") && values.keys.contains("t:0:"))
        for (key, bytes) in values { #expect(try reader.state(key, partition)?.bytes == bytes, "\(key)") }
    }

    private static let partition = PartitionIndex(0)

    /// The shop's log, and between its events newcomers of several countries with an item that nobody described.
    private static func log(_ shop: HistoryShop) throws -> [LogRecord] {
        var log: [LogRecord] = []
        for (number, record) in try shop.records().enumerated() {
            log.append(record)
            guard number % 50 == 0 else { continue }
            let event = Event(
                action: .browse, shopper: .anonymous("new\(number)"), item: ItemID("undescribed"),
                time: record.timestamp, attributes: number % 3 == 0 ? [:] : ["country": ["nl", "be"][number % 2]])
            log.append(
                LogRecord(
                    partition: partition, offset: record.offset, timestamp: event.time, key: event.key,
                    value: try event.encoded()))
        }
        for index in log.indices { log[index].offset = Offset(Int64(index)) }
        return log
    }

    /// Goes on with the log where the store's state ends.
    private static func run(
        _ shop: HistoryShop, _ log: [LogRecord], _ store: any StateStore, batch: Int, cached: Int
    ) throws -> [OutputRecord] {
        let claim = try store.claim(partition, nonce: Nonce(rawValue: UInt64(log.count)), partitionCount: 1)
        let position = claim.position ?? Position(next: Offset(0), last: nil)
        let sink = MemorySink()
        let worker = PartitionWorker(
            claim: claim, position: position, verifying: false, source: MemorySource(log, from: position.next),
            store: store, sink: sink,
            stage: ShopperStage(
                model: shop.model, catalogue: try LiveCatalogue(model: shop.model),
                settings: ShopperSettings(
                    historyLength: 20, eventIDWindow: 0, purchaseMemory: 256, idleExpiry: nil, listSize: 10,
                    refresh: .everyEvent,
                    topic: "events", marketAttribute: "country"),
                configuration: "c", decoder: EventDecoder(), letterLimit: 1_000,
                metrics: ShopperMetrics(MetricRegistry(), clock: { EventTime(milliseconds: 0) })),
            lease: Lease(isFresh: { true }), limits: .init(batch: batch, batchesInFlight: 2, cachedStates: cached))
        var progress = worker.advance()
        while progress == .worked { progress = worker.advance() }
        try #require(progress == .idle)
        return sink.records
    }
}
