import Commerce
import Configuration
import Datasets
import Foundation
import Observability
import TwoTower

/// Shows the whole on a shop's log: trains on the earlier part, streams everything through Kafka and Redis, and judges the
/// lists by what was bought later.
struct DemoCommand: Command {
    static let name = "demo"
    static let abstract =
        "Trains on a log, streams it through an embedded Kafka and a Redis of its own, and shows what came of it."

    /// Many, since a partition of the embedded cluster holds 5 MB.
    private static let partitions = 64

    private let events: String
    private let items: String
    private let share: Double
    private let timeLimit: Duration
    private let shoppers: Int
    private let pace: Int
    private let window: Int
    private let logLevel: LogLevel

    init(reading arguments: inout ArgumentReader) {
        events = arguments.required(
            "events", example: "events.tsv.gz", accepting: .notEmpty,
            "The events, with event_id and session_id: see ops/demo_data.py.")
        items = arguments.required("items", example: "items.jsonl.gz", accepting: .notEmpty, "The catalogue.")
        share = arguments.option(
            "train-share", default: 0.9, accepting: .within(0.1...0.95), "Share of the events, in time, to train on.")
        timeLimit = arguments.option(
            "time-limit", default: .seconds(60), accepting: .within(.seconds(5) ... .seconds(3600)),
            "How long to train.")
        shoppers = arguments.option("shoppers", default: 3, accepting: .within(0...20), "Shoppers to show.")
        pace = arguments.option(
            "pace", default: 500, accepting: .within(10...100_000), "Events a second of the paced last part.")
        window = arguments.option(
            "window", default: 2_000, accepting: .within(100...20_000), "Events under way at most.")
        logLevel = arguments.option(
            "log-level", default: LogLevel.warning, "Least important lines of the service's log to show.")
    }

    func run() throws -> ExitCode {
        say("Reading \(events)")
        let log = try DemoLog(events: events, items: items, share: share)
        say(
            "  \(log.events.count) events, \(log.catalogue.count) items; to learn from: events before \(log.cutTime.rfc3339)"
        )
        let model = try train(log)
        let sandbox = try Sandbox(
            partitions: DemoCommand.partitions,
            flags: ["--lists-refresh", "every-event", "--workers-batch", "64", "--log-level", logLevel.rawValue])
        defer { sandbox.close() }
        let report = try stream(log, model, on: sandbox)
        tell(report)
        return .success
    }

    private func train(_ log: DemoLog) throws -> Model {
        say("Training the towers for about \(timeLimit.components.seconds) seconds on the earlier part")
        var settings = TrainingSettings()
        settings.timeLimit = Double(timeLimit.components.seconds)
        let job = TrainingJob(
            events: InputTable(path: events), items: InputTable(path: items), until: log.cutTime, settings: settings)
        var bars = StepBars()
        let outcome = try job.run(progress: { bars.show($0) })
        bars.finish()
        let model = outcome.checkpoint.model
        say("  model \(model.version.prefix(12)), \(model.items.count) items, d = \(model.dimension)")
        return model
    }

    // MARK: Streaming

    private func stream(_ log: DemoLog, _ model: Model, on sandbox: Sandbox) throws -> DemoReport {
        let topics = sandbox.settings.topics
        let catalogue = try Importer(sandbox.kafka, topic: topics.catalogue)
        try catalogue.write(log.catalogue)
        try catalogue.finish()
        say("Streaming through Kafka and Redis, a list at every event")
        let collector = ListCollector(wanted: wanted(log))
        try collector.start(sandbox.kafka, topic: topics.recommendations)
        defer { collector.stop() }
        sandbox.start(model)
        try feed(log, collector, sandbox)
        try sandbox.finish()
        let contents = collector.snapshot
        if let fault = contents.fault { throw DatasetFault(fault) }
        guard contents.count == log.events.count, contents.triggers.count == log.events.count else {
            throw DatasetFault(
                "\(log.events.count) events gave \(contents.count) lists at \(contents.triggers.count) events: some were lost"
            )
        }
        say(
            "  nothing was lost: \(log.events.count) events, \(contents.count) lists, one for each event, offsets without a gap"
        )
        return DemoReport(log: log, lists: contents.lists, listSize: sandbox.settings.lists.size)
    }

    /// Feeds the log no faster than its lists are read: first as fast as it goes, then the last part at an even pace.
    private func feed(_ log: DemoLog, _ collector: ListCollector, _ sandbox: Sandbox) throws {
        let importer = try Importer(
            sandbox.kafka, topic: sandbox.settings.topics.events, limits: .init(inFlight: window))
        let paced = min(log.events.count / 10, pace * 10)
        let fast = log.events.count - paced
        let bar = ProgressBar("streaming", total: log.events.count, unit: "events")
        var shown = 0
        func advance() throws {
            guard !sandbox.hasEnded else { return try sandbox.finish() }
            let count = collector.count
            bar.advance(by: count - shown)
            shown = count
        }
        var started: ContinuousClock.Instant?
        for index in 0..<fast {
            try importer.write(log.events[index])
            if index % 256 == 255 {
                _ = collector.wait(for: max(1, index - window), while: { !sandbox.hasEnded })
                if started == nil { started = .now }
                try advance()
            }
        }
        try importer.finish()
        guard collector.wait(for: fast, while: { !sandbox.hasEnded }) else { return try explain(collector, sandbox) }
        try advance()
        let seconds = (started.map { .now - $0 } ?? .seconds(1)) / .seconds(1)
        let before = sandbox.service?.shopperMetrics.latency.snapshot()
        try feedPaced(Array(log.events[fast...]), collector, sandbox, advance)
        guard collector.wait(for: log.events.count, while: { !sandbox.hasEnded }) else {
            return try explain(collector, sandbox)
        }
        try advance()
        bar.finish()
        let size = sandbox.settings.lists.size
        say("  throughput: \(Int(Double(fast) / seconds)) events/s, each with its list of \(size)")
        if let after = sandbox.service?.shopperMetrics.latency.snapshot() {
            let latency = before.map { after.since($0) } ?? after
            let text = [0.5, 0.99].map {
                String(format: "p%.0f %.1f ms", $0 * 100, (latency.quantile($0) ?? 0) * 1_000)
            }
            say("  event to list at \(pace) events/s: \(text.joined(separator: ", "))")
        }
    }

    private func feedPaced(
        _ events: [Event], _ collector: ListCollector, _ sandbox: Sandbox, _ advance: () throws -> Void
    ) throws {
        let importer = try Importer(
            sandbox.kafka, topic: sandbox.settings.topics.events, limits: .init(rate: pace, inFlight: window))
        for (index, event) in events.enumerated() {
            try importer.write(event)
            if index % 50 == 0 { try advance() }
        }
        try importer.finish()
    }

    /// Says why lists did not come.
    private func explain(_ collector: ListCollector, _ sandbox: Sandbox) throws {
        if sandbox.hasEnded { try sandbox.finish() }
        throw DatasetFault(
            collector.snapshot.fault
                ?? "no list came for 30 seconds after \(collector.count): see the log with --log-level info")
    }

    /// The events whose lists are looked at: the last before each basket, and the ends of those that are shown.
    private func wanted(_ log: DemoLog) -> Set<String> {
        let report = DemoReport(log: log, lists: [:], listSize: 0)
        let indexes = log.baskets.compactMap(\.before) + report.shown(shoppers).compactMap(\.events.last)
        return Set(indexes.compactMap { log.events[$0].eventID })
    }

    private func tell(_ report: DemoReport) {
        for basket in report.shown(shoppers) { say("\n" + report.story(basket)) }
        let hits = report.hits()
        say(
            """

            Of \(hits.purchases) purchases of items new to the shopper, in \(hits.baskets) later visits, so many were on the list of \
            \(report.listSize) that the shopper had before the visit's first event:
              Breadcrumb   \(hits.percent(hits.personal))
              popularity   \(hits.percent(hits.popular))   (the best sellers of the earlier part, without what the shopper had bought)
            """)
    }

    private func say(_ text: String) { print(text) }
}
