import Application
import Evaluation
import Foundation
import Kafka
import Observability
import Redis
import Streaming
import TwoTower

/// Works off a backlog of made-up events as fast as it goes, then follows a steady stream, by the very path of `run`.
struct StreamBenchmark {
    var kafka: String?
    var events: Int
    var items: Int
    var listSize: Int
    var batch: Int
    var shoppers: Int
    var hasZipfActivity: Bool
    /// A checkpoint and the events of its shop.
    var trained: (model: String, events: String)?
    var recall: Double
    var refresh: ShopperSettings.Refresh
    var partitions: Int
    var pace: Int?
    var seconds: Int

    /// What keeps a run from giving figures.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    func run() throws -> StreamReport {
        try checkRoom()
        let machine = Machine.here()
        let shop = SyntheticShop(
            items: items, shoppers: shoppers, hasZipfActivity: hasZipfActivity,
            trained: try trained.map { try RetrievalVectors(model: $0.model, events: $0.events) })
        let log = try shop.events(0..<events)
        func inMemory(_ model: Model) throws -> StreamReport.Saturated {
            try MemoryPass(model: model, batch: batch, listSize: listSize, refresh: refresh, recall: recall).run(log)
        }
        let (dense, memory) = (try inMemory(shop.denseModel), try inMemory(shop.model))
        let stage = try ServiceStage(
            kafka: kafka, partitions: partitions,
            flags: [
                "--lists-refresh", refresh.rawValue, "--lists-size", "\(listSize)", "--workers-batch", "\(batch)",
                "--retrieval-recall", "\(recall)", "--log-level", "error",
            ])
        defer { stage.close() }
        try feed(log, to: stage)
        let idle = processors(stage)
        stage.start(shop.model, clock: ProcessorTime.ofThisThread)
        let saturated = try workOff(stage, since: idle)
        let paced = try follow(stage, shop, rate: pace ?? max(10, Int(0.3 * saturated.eventsPerSecond)))
        let published = stage.service?.shopperMetrics.publishedLists ?? 0
        try stage.finish()
        let found = try listsInTopic(stage)
        guard found == published else {
            throw Fault(description: "\(published) lists were published, the topic has \(found)")
        }
        let redis = try RedisConnection(stage.redis.address).facts()
        return StreamReport(
            date: Date().ISO8601Format(), command: CommandLine.arguments.joined(separator: " "), machine: machine,
            versions: ["librdkafka": KafkaClient.libraryVersion, "redis": redis.version],
            settings: .init(
                broker: kafka.map { "Kafka at \($0)" } ?? "embedded cluster", events: events, items: items,
                shoppers: shoppers, activity: hasZipfActivity ? "zipf" : "even", model: trained?.model ?? "random",
                recall: recall, listSize: listSize, batch: batch, refresh: refresh.rawValue,
                threads: stage.settings.workers.threads,
                partitions: partitions),
            dense: dense, memory: memory, saturated: saturated, paced: paced,
            auditedRecall: stage.auditedRecall, listsInTopic: found)
    }

    /// The embedded cluster drops silently what a partition cannot hold (5 MB): the backlog must fit, with room for skew.
    private func checkRoom() throws {
        guard kafka == nil else { return }
        // The busiest shopper's events all go to one partition.
        let busiest = (hasZipfActivity ? ZipfLaw(shoppers).share(of: 0) : 0) + 1 / Double(partitions)
        let room = Int(3_000_000 / Double(SyntheticShop.payloadBytes + 100) / busiest)
        guard events <= room else {
            throw Fault(
                description:
                    "\(partitions) partitions of the embedded cluster hold \(room) events at most: fewer --events, "
                    + "more --partitions, or --kafka")
        }
    }

    /// Everything at once, before the service starts.
    private func feed(_ log: [SyntheticShop.Record], to stage: ServiceStage) throws {
        let importer = try Importer(stage.kafka, topic: stage.settings.topics.events)
        try importer.write(log)
        try importer.finish()
    }

    // MARK: As fast as it goes

    private func processors(_ stage: ServiceStage) -> ProcessorTime {
        let broker = kafka.flatMap { Int($0.split(separator: ":").last ?? "") }.flatMap(ProcessorTime.listener)
        return .now(redis: stage.redis.processIdentifier, kafka: broker)
    }

    /// From the first commit, with which the group's joining is over, to the last. librdkafka reads ahead, the whole log before the
    /// first commit if it can, so its threads count from the service's start, for all events.
    private func workOff(_ stage: ServiceStage, since idle: ProcessorTime) throws -> StreamReport.Saturated {
        try wait(for: 1, stage)
        let (begin, start, before) = (ContinuousClock.now, try reading(stage), processors(stage))
        try wait(for: events, stage)
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        let after = processors(stage)
        var saturated = try reading(stage).since(start, seconds: seconds)
        func each(_ seconds: Double) -> Double { seconds * 1e6 / Double(max(1, saturated.events)) }
        let embedded = after.embeddedBroker - before.embeddedBroker
        let clients = (after.kafkaClients - idle.kafkaClients) * 1e6 / Double(events)
        let others = after.process - before.process - embedded - (after.kafkaClients - before.kafkaClients)
        let apart = after.kafka.flatMap { after in before.kafka.map { after - $0 } }
        saturated.processor = .init(
            worker: each(others) + clients, kafkaClients: clients,
            redis: each(after.redis - before.redis), broker: kafka == nil ? each(embedded) : apart.map(each))
        return saturated
    }

    private func reading(_ stage: ServiceStage) throws -> StageReading {
        guard let service = stage.service else { throw Fault(description: "the service is not running") }
        return StageReading(
            service.streamMetrics, events: service.shopperMetrics.committedEvents,
            lists: service.shopperMetrics.publishedLists)
    }

    /// Waits until so many events are committed; a minute without any ends it.
    private func wait(for number: Int, _ stage: ServiceStage) throws {
        let pause = Wake()
        var (last, deadline) = (-1, ContinuousClock.now)
        while true {
            let count = stage.service?.shopperMetrics.committedEvents ?? 0
            if count >= number { return }
            if count != last { (last, deadline) = (count, .now + .seconds(60)) }
            if stage.hasEnded { try stage.finish() }
            guard !stage.hasEnded, .now < deadline else {
                throw Fault(description: "the service stands still at \(count) of \(number) events")
            }
            pause.wait(upTo: .milliseconds(2))
        }
    }

    // MARK: Steadily

    /// Feeds at an even rate, each event at once and not lingered over; the first second is left out of the figures.
    private func follow(_ stage: ServiceStage, _ shop: SyntheticShop, rate: Int) throws -> StreamReport.Paced {
        guard let latency = stage.service?.shopperMetrics.latency else {
            throw Fault(description: "the service is not running")
        }
        let log = try shop.events(events..<events + rate * (seconds + 1))
        var kafka = stage.kafka
        kafka.producerProperties["linger.ms"] = "0"
        let importer = try Importer(kafka, topic: stage.settings.topics.events, limits: .init(rate: rate))
        try importer.write(log.prefix(rate))
        let before = latency.snapshot()
        try importer.write(log.dropFirst(rate))
        try importer.finish()
        try wait(for: events + log.count, stage)
        let steady = latency.snapshot().since(before)
        return .init(
            rate: rate, lists: steady.count, medianMilliseconds: (steady.quantile(0.5) ?? .nan) * 1_000,
            p99Milliseconds: (steady.quantile(0.99) ?? .nan) * 1_000)
    }

    /// Every list has its offset, so the ends of the partitions count them; what the embedded cluster drops counts too.
    private func listsInTopic(_ stage: ServiceStage) throws -> Int {
        let client = try KafkaClient(stage.kafka)
        return try (0..<partitions).reduce(0) { sum, partition in
            let marks = try client.watermarks(
                of: stage.settings.topics.recommendations, KafkaPartition(rawValue: Int32(partition)),
                timeout: .seconds(10))
            return sum + Int(marks.high.rawValue)
        }
    }
}
