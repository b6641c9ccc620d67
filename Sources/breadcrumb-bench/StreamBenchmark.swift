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
        let sandbox = try Sandbox(
            kafka: kafka, partitions: partitions,
            flags: [
                "--lists-refresh", refresh.rawValue, "--lists-size", "\(listSize)", "--workers-batch", "\(batch)",
                "--retrieval-recall", "\(recall)", "--log-level", "error",
            ])
        defer { sandbox.close() }
        try feed(log, to: sandbox)
        let idle = processors(sandbox)
        sandbox.start(shop.model, clock: ProcessorTime.ofThisThread)
        let saturated = try workOff(sandbox, since: idle)
        let paced = try follow(sandbox, shop, rate: pace ?? max(10, Int(0.3 * saturated.eventsPerSecond)))
        let published = sandbox.service?.shopperMetrics.publishedLists ?? 0
        try sandbox.finish()
        let found = try listsInTopic(sandbox)
        guard found == published else {
            throw Fault(description: "\(published) lists were published, the topic has \(found)")
        }
        let redis = try RedisConnection(sandbox.redis.address).facts()
        return StreamReport(
            date: Date().ISO8601Format(), command: CommandLine.arguments.joined(separator: " "), machine: machine,
            versions: ["librdkafka": KafkaClient.libraryVersion, "redis": redis.version],
            settings: .init(
                broker: kafka.map { "Kafka at \($0)" } ?? "embedded cluster", events: events, items: items,
                shoppers: shoppers, activity: hasZipfActivity ? "zipf" : "even", model: trained?.model ?? "random",
                recall: recall, listSize: listSize, batch: batch, refresh: refresh.rawValue,
                threads: sandbox.settings.workers.threads,
                partitions: partitions),
            dense: dense, memory: memory, saturated: saturated, paced: paced,
            auditedRecall: sandbox.auditedRecall, listsInTopic: found)
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
    private func feed(_ log: [SyntheticShop.Record], to sandbox: Sandbox) throws {
        let importer = try Importer(sandbox.kafka, topic: sandbox.settings.topics.events)
        try importer.write(log)
        try importer.finish()
    }

    // MARK: As fast as it goes

    private func processors(_ sandbox: Sandbox) -> ProcessorTime {
        let broker = kafka.flatMap { Int($0.split(separator: ":").last ?? "") }.flatMap(ProcessorTime.listener)
        return .now(redis: sandbox.redis.processIdentifier, kafka: broker)
    }

    /// From the first commit, with which the group's joining is over, to the last. librdkafka reads ahead, the whole log before the
    /// first commit if it can, so its threads count from the service's start, for all events.
    private func workOff(_ sandbox: Sandbox, since idle: ProcessorTime) throws -> StreamReport.Saturated {
        try wait(for: 1, sandbox)
        let (begin, start, before) = (ContinuousClock.now, try reading(sandbox), processors(sandbox))
        try wait(for: events, sandbox)
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        let after = processors(sandbox)
        var saturated = try reading(sandbox).since(start, seconds: seconds)
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

    private func reading(_ sandbox: Sandbox) throws -> StageReading {
        guard let service = sandbox.service else { throw Fault(description: "the service is not running") }
        return StageReading(
            service.streamMetrics, events: service.shopperMetrics.committedEvents,
            lists: service.shopperMetrics.publishedLists)
    }

    /// Waits until so many events are committed; a minute without any ends it.
    private func wait(for number: Int, _ sandbox: Sandbox) throws {
        let pause = Wake()
        var (last, deadline) = (-1, ContinuousClock.now)
        while true {
            let count = sandbox.service?.shopperMetrics.committedEvents ?? 0
            if count >= number { return }
            if count != last { (last, deadline) = (count, .now + .seconds(60)) }
            if sandbox.hasEnded { try sandbox.finish() }
            guard !sandbox.hasEnded, .now < deadline else {
                throw Fault(description: "the service stands still at \(count) of \(number) events")
            }
            pause.wait(upTo: .milliseconds(2))
        }
    }

    // MARK: Steadily

    /// Feeds at an even rate, each event at once and not lingered over; the first second is left out of the figures.
    private func follow(_ sandbox: Sandbox, _ shop: SyntheticShop, rate: Int) throws -> StreamReport.Paced {
        guard let latency = sandbox.service?.shopperMetrics.latency else {
            throw Fault(description: "the service is not running")
        }
        let log = try shop.events(events..<events + rate * (seconds + 1))
        var kafka = sandbox.kafka
        kafka.producerProperties["linger.ms"] = "0"
        let importer = try Importer(kafka, topic: sandbox.settings.topics.events, limits: .init(rate: rate))
        try importer.write(log.prefix(rate))
        let before = latency.snapshot()
        try importer.write(log.dropFirst(rate))
        try importer.finish()
        try wait(for: events + log.count, sandbox)
        let steady = latency.snapshot().since(before)
        return .init(
            rate: rate, lists: steady.count, medianMilliseconds: (steady.quantile(0.5) ?? .nan) * 1_000,
            p99Milliseconds: (steady.quantile(0.99) ?? .nan) * 1_000)
    }

    /// Every list has its offset, so the ends of the partitions count them; what the embedded cluster drops counts too.
    private func listsInTopic(_ sandbox: Sandbox) throws -> Int {
        let client = try KafkaClient(sandbox.kafka)
        return try (0..<partitions).reduce(0) { sum, partition in
            let marks = try client.watermarks(
                of: sandbox.settings.topics.recommendations, KafkaPartition(rawValue: Int32(partition)),
                timeout: .seconds(10))
            return sum + Int(marks.high.rawValue)
        }
    }
}
