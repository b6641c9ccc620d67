import Commerce
import Connectors
import Foundation
import Kafka
import Observability
import Redis
import Retrieval
import Streaming
import TwoTower

/// The main job: a shop's events in, refreshed lists out.
///
/// Everything is put together here: the model and the catalogue, the connections, the group's member and its threads, and
/// what can be looked at from outside. `run` starts it, keeps it going and ends it in order.
public final class ShopperService {
    private let settings: Settings
    private let model: Model
    private let planFolder: String?
    private let log: Logger
    private let registry: MetricRegistry
    private let readiness = Readiness(["redis", "kafka", "catalogue", "partitions"])
    private let indexWatch: IndexWatch
    /// What is measured of the engine.
    package let streamMetrics: StreamMetrics
    /// The counts of the shoppers' stage.
    public let shopperMetrics: ShopperMetrics

    /// A service that serves `model`; nothing is connected yet.
    ///
    /// - Parameter planFolder: where the plan of the model's index is kept, its checkpoint's folder; nil makes it at every start.
    public convenience init(
        settings: Settings, model: Model, planFolder: String? = nil, log: Logger, registry: MetricRegistry
    ) {
        self.init(
            settings: settings, model: model, planFolder: planFolder, log: log, registry: registry,
            streamMetrics: StreamMetrics(registry))
    }

    /// A service whose engine is measured by `streamMetrics`, of the same registry.
    package init(
        settings: Settings, model: Model, planFolder: String? = nil, log: Logger, registry: MetricRegistry,
        streamMetrics: StreamMetrics
    ) {
        self.settings = settings
        self.model = model
        self.planFolder = planFolder
        self.log = log
        self.registry = registry
        indexWatch = IndexWatch(
            log: log, registry: registry, readiness: readiness, target: settings.retrieval.recall)
        self.streamMetrics = streamMetrics
        shopperMetrics = ShopperMetrics(registry, clock: wallClock)
    }

    /// Runs until `shutdown` is requested, then finishes the batches in flight and leaves the group.
    ///
    /// - Parameter started: called when the group has been joined.
    /// - Throws: what no waiting helps against, in one sentence.
    public func run(until shutdown: Shutdown, started: () -> Void = {}) throws {
        registry.registerProcessMetrics()
        registry.gauge("breadcrumb_model_info", "The model in force; always 1.", ["version": model.version]).set(1)
        registry.gauge("breadcrumb_model_trained_until_seconds", "Time of the last event that the model learned from.")
            .set(Double(model.channels.time) / 1000)
        let server = try HTTPServer.start(
            address: settings.http.address, port: settings.http.port,
            handler: HTTPRouter.monitoring(metrics: registry, readiness: readiness).respond)
        defer { server.stop() }
        log.info(
            "starting",
            [
                "model": LogValue(model.version), "items": LogValue(model.items.count),
                "metrics": LogValue("http://\(settings.http.address):\(server.port)/metrics"),
            ])
        guard let parts = try prepare(shutdown) else { return }
        defer { parts.feed.stop() }
        started()
        defer { parts.runner.stop() }
        try parts.runner.start(parts.group)
        try supervise(parts, until: shutdown)
        log.info("stopping: finishing what is in flight")
    }

    // MARK: Putting together

    private struct Parts {
        let runner: GroupRunner<ShopperStage>
        let group: KafkaConsumerGroup
        let supervisor: Supervisor
        let feed: CatalogueFeed
        let catalogue: LiveCatalogue
        /// Kept alive with the runner, whose sink it is.
        let producer: KafkaProducer
        /// Asked now and then whether it is there.
        let redis: RedisStateStore
    }

    private func planFile(in folder: String) -> PlanFile {
        PlanFile(
            folder: folder,
            for: .init(model: model.version, recall: settings.retrieval.recall, k: settings.lists.size),
            complain: { [log] in log.warning("index plan", ["problem": LogValue($0)]) })
    }

    /// Connects to everything, waiting for what is away; nil where the end was asked for meanwhile.
    private func prepare(_ shutdown: Shutdown) throws -> Parts? {
        let start = StartUp(settings: settings, log: log, readiness: readiness, shutdown: shutdown)
        guard try start.checkRedis(), let partitions = try start.checkTopics() else { return nil }
        let catalogue = try LiveCatalogue(
            model: model, recall: settings.retrieval.recall, listSize: settings.lists.size,
            file: planFolder.map(planFile),
            observe: indexWatch.take)
        let feed = CatalogueFeed(
            start.kafka, topic: settings.topics.catalogue, catalogue: catalogue,
            observe: CatalogueWatch(log: log, registry: registry, readiness: readiness, catalogue: catalogue).take)
        let loaded = try start.patiently { () throws(KafkaError) in try feed.load(while: { !shutdown.isRequested }) }
        guard case let records?? = loaded else { return nil }
        readiness.set("catalogue", .ready)
        log.info("catalogue read", ["records": LogValue(records), "items": LogValue(catalogue.snapshot.index.count)])
        return try parts(start, partitions, catalogue, feed, shutdown)
    }

    private func parts(
        _ start: StartUp, _ partitions: Int, _ catalogue: LiveCatalogue, _ feed: CatalogueFeed, _ shutdown: Shutdown
    ) throws -> Parts {
        let wakes = (0..<settings.workers.threads).map { _ in Wake() }
        let producer = try KafkaProducer(
            start.kafka, deliveryTimeout: settings.kafka.sessionTimeout / 2,
            deliveryCompleted: { for wake in wakes { wake.signal() } })
        let supervisor = Supervisor(log: log, registry: registry, readiness: readiness, wake: shutdown.wake)
        let claims = ClaimDesk(
            store: try start.store(patience: settings.workers.claimTimeout),
            client: try KafkaClient(start.kafka, group: settings.kafka.group), topic: settings.topics.events,
            group: settings.kafka.group, partitionCount: partitions, start: settings.kafka.start, timeout: .seconds(10))
        let runner = GroupRunner<ShopperStage>(
            claims: claims, wakes: wakes,
            sink: KafkaSink(
                producer,
                topics: .init(lists: settings.topics.recommendations, deadLetters: settings.topics.deadLetters),
                clock: wallClock),
            limits: .init(
                batch: settings.workers.batch, batchesInFlight: settings.workers.batchesInFlight,
                cachedStates: settings.workers.cacheUsers),
            probe: streamMetrics.probe, session: settings.kafka.sessionTimeout,
            releaseLimit: settings.kafka.sessionTimeout / 2, supervise: supervisor.take,
            makeContext: try context(start, catalogue))
        let group = try KafkaConsumerGroup(
            start.kafka, group: settings.kafka.group, topic: settings.topics.events,
            sessionTimeout: settings.kafka.sessionTimeout, handler: runner)
        return Parts(
            runner: runner, group: group, supervisor: supervisor, feed: feed, catalogue: catalogue, producer: producer,
            redis: try start.store(patience: .zero))
    }

    /// Makes what a worker's thread works with.
    private func context(
        _ start: StartUp, _ catalogue: LiveCatalogue
    ) throws -> @Sendable () -> WorkerPool<ShopperStage>.Context {
        let (settings, model, metrics, probe) = (settings, model, shopperMetrics, streamMetrics.probe)
        let audit =
            settings.retrieval.auditShare > 0
            ? RecallAudit(share: settings.retrieval.auditShare, observe: indexWatch.audited) : nil
        let digest = try settings.listDigest()
        let open = try start.storeMaker(patience: .seconds(1))
        return {
            let stage = ShopperStage(
                model: model, catalogue: catalogue, settings: settings.shoppers, configuration: digest,
                decoder: EventDecoder(
                    limits: .init(
                        payload: settings.events.maximumBytes.bytes,
                        futureSkew: settings.events.maximumSkew.wholeMilliseconds)),
                letterLimit: ShopperService.letterLimit, metrics: metrics, probe: probe, audit: audit)
            return .init(stage: stage, store: open())
        }
    }

    /// Bytes of a dead letter's value that are sent whole: what the topic takes, with room for key and headers.
    private static let letterLimit = 3 << 20

    // MARK: Keeping going

    private func supervise(_ parts: Parts, until shutdown: Shutdown) throws {
        var lags: Set<PartitionIndex> = []
        var nextCheck = ContinuousClock.now
        while !shutdown.isRequested {
            if let fatal = parts.supervisor.fatal { throw fatal }
            if parts.supervisor.isOfferDue() { parts.runner.reassign() }
            lags = publish(parts.runner.lag(of: settings.topics.events), before: lags)
            if nextCheck <= .now {
                checkRedis(parts.redis)
                nextCheck = .now + .seconds(2)
            }
            shutdown.wake.wait(upTo: .milliseconds(500))
        }
    }

    /// Without events no worker would notice that Redis is away.
    private func checkRedis(_ store: RedisStateStore) {
        do throws(StreamError) {
            let facts = try store.check()
            readiness.set("redis", .ready)
            registry.gauge("breadcrumb_redis_used_memory_bytes", "Memory that Redis uses.")
                .set(Double(facts.usedMemory))
            registry.gauge(
                "breadcrumb_redis_maximum_memory_bytes",
                "What Redis may use; 0 is all there is. At it every write fails."
            ).set(Double(facts.maximumMemory))
        } catch {
            readiness.set("redis", .waiting(error.message))
        }
    }

    private func publish(_ lag: [PartitionIndex: Int64], before: Set<PartitionIndex>) -> Set<PartitionIndex> {
        let name = "breadcrumb_partition_lag_records"
        for (partition, records) in lag {
            registry.gauge(
                name, "Records in the log that are not in the state yet.", ["partition": partition.description]
            )
            .set(Double(records))
        }
        for partition in before.subtracting(lag.keys) { registry.remove(name, ["partition": partition.description]) }
        return Set(lag.keys)
    }
}

/// The wall clock, to the millisecond.
let wallClock: @Sendable () -> EventTime = {
    EventTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
}
