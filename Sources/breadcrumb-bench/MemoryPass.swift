import Application
import Commerce
import Observability
import Streaming
import TwoTower

/// The same log through the same engine and stage on one thread, with state and lists in memory: what Kafka and Redis cost
/// is the difference. Measured in processor time of the thread, so that others on the machine do not matter.
struct MemoryPass {
    let model: Model
    let batch: Int
    let listSize: Int
    let refresh: ShopperSettings.Refresh
    let recall: Double

    func run(_ log: [SyntheticShop.Record]) throws -> StreamReport.Saturated {
        let registry = MetricRegistry()
        let metrics = StreamMetrics(registry, clock: ProcessorTime.ofThisThread)
        let now = EventTime(milliseconds: 2_000_000_000_000)
        let probe = metrics.probe
        let shoppers = ShopperMetrics(registry, clock: { now })
        let partition = PartitionIndex(0)
        let records = log.enumerated().map { offset, record in
            LogRecord(
                partition: partition, offset: Offset(Int64(offset)), timestamp: now, key: record.key,
                value: record.value)
        }
        let stage = ShopperStage(
            model: model, catalogue: try LiveCatalogue(model: model, recall: recall, listSize: listSize),
            settings: ShopperSettings(
                historyLength: 50, eventIDWindow: 64, purchaseMemory: PurchaseMemory.usualLimit, idleExpiry: nil,
                listSize: listSize, refresh: refresh, topic: "events"),
            configuration: "memory", decoder: EventDecoder(), letterLimit: 1_000, metrics: shoppers, probe: probe)
        let store = MemoryStateStore()
        let claim = try store.claim(partition, nonce: Nonce(rawValue: 1), partitionCount: 1)
        let worker = PartitionWorker(
            claim: claim, position: Position(next: Offset(0), last: nil), verifying: false,
            source: MemorySource(records, from: Offset(0)), store: store, sink: MemorySink(), stage: stage,
            lease: Lease(isFresh: { true }), limits: .init(batch: batch, batchesInFlight: 2, cachedStates: 10_000),
            probe: probe)
        let start = ProcessorTime.ofThisThread()
        var progress = worker.advance()
        while progress == .worked { progress = worker.advance() }
        let seconds = Double(ProcessorTime.ofThisThread() - start) / 1e9
        guard progress == .idle, shoppers.committedEvents == log.count else {
            throw StreamBenchmark.Fault(
                description: "the pass in memory ended with \(progress) after \(shoppers.committedEvents) events")
        }
        return StageReading(metrics, events: shoppers.committedEvents, lists: shoppers.publishedLists).since(
            nil, seconds: seconds)
    }
}
