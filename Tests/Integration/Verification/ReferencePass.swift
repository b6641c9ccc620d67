import Application
import Commerce
import Kafka
import Observability
import Streaming
import TwoTower

/// One pass over a log in memory, a list at every event: what every other way through Kafka and Redis must agree with.
struct ReferencePass {
    let records: [PartitionIndex: [LogRecord]]

    /// Reads the whole topic back, so that the pass sees the offsets and timestamps that the service will.
    init(_ configuration: KafkaConfiguration, topic: String) throws {
        var records: [PartitionIndex: [LogRecord]] = [:]
        let reader = try KafkaReader(configuration, topic: topic)
        try reader.readToEnd { message in
            records[PartitionIndex(message.partition.rawValue), default: []].append(LogRecord(message))
        }
        self.records = records
    }

    func run(_ model: Model, catalogue: LiveCatalogue, settings: Settings) throws -> Trace {
        var trace = Trace()
        var shoppers = settings.shoppers
        shoppers.refresh = .everyEvent
        let decoder = ListDecoder()
        for (partition, records) in records {
            let store = MemoryStateStore()
            let sink = MemorySink()
            let claim = try store.claim(partition, nonce: Nonce(rawValue: 1), partitionCount: 1)
            let worker = PartitionWorker(
                claim: claim, position: Position(next: Offset(0), last: nil), verifying: false,
                source: MemorySource(records, from: Offset(0)), store: store, sink: sink,
                stage: ShopperStage(
                    model: model, catalogue: catalogue, settings: shoppers, configuration: try settings.listDigest(),
                    decoder: EventDecoder(), letterLimit: 1 << 20,
                    metrics: ShopperMetrics(MetricRegistry(), clock: { EventTime(milliseconds: 0) })),
                lease: Lease(isFresh: { true }), limits: .init(batch: 1_024, batchesInFlight: 1, cachedStates: 1 << 20))
            var progress = worker.advance()
            while progress == .worked { progress = worker.advance() }
            guard progress == .idle else { throw StreamError(.permanent, "the pass in memory ended with \(progress)") }
            // Shoppers' records alone: what a partition's shoppers share has the same key in each, and shows in their lists.
            for (key, value) in store.contents(of: partition).values where !key.rawValue.hasPrefix("t:") {
                trace.states[key] = Trace.digest(value)
            }
            for record in sink.records {
                guard record.destination == .lists else {
                    trace.letters += 1
                    continue
                }
                _ = try trace.take(record.value ?? [], with: decoder, keepingItems: true)
            }
        }
        return trace
    }
}
