import Application
import Configuration
import Foundation
import Observability
import Streaming

/// `breadcrumb-bench stream`: events in, lists out, through Kafka and Redis, and what that costs.
struct StreamCommand: Command {
    static let name = "stream"
    static let abstract =
        "Measures events a second, the cost of each stage, latency, and processor time of worker, Redis and broker."

    private let benchmark: StreamBenchmark
    private let json: String?

    init(reading arguments: inout ArgumentReader) {
        let named = arguments.environment["BREADCRUMB_KAFKA"]
        let model = arguments.option(
            "model", accepting: .notEmpty, "Folder of a checkpoint whose towers are served; otherwise random ones.")
        let shopEvents = arguments.option(
            "model-events", accepting: .notEmpty, "The events of the checkpoint's shop, which give shoppers' vectors.")
        if (model == nil) != (shopEvents == nil) {
            arguments.refuse("wants --model-events, and the other way round", at: .flag("--model"))
        }
        let trained = model.flatMap { model in shopEvents.map { (model: model, events: $0) } }
        benchmark = StreamBenchmark(
            kafka: arguments.option(
                "kafka", accepting: .notEmpty,
                "host:port of a Kafka to run on; its topics stay there, empty within the hour. Otherwise BREADCRUMB_KAFKA, "
                    + "and if that is not set the embedded cluster.") ?? named,
            events: arguments.option(
                "events", default: 30_000, accepting: .within(1_000...10_000_000),
                "Events of the backlog that is worked off."),
            items: arguments.option("items", default: 10_000, accepting: .within(10...5_000_000), "Items of the shop."),
            listSize: arguments.option("list-size", default: 20, accepting: .within(1...1000), "K: items of a list."),
            batch: arguments.option(
                "batch", default: 64, accepting: .within(1...4096), "Most events of a partition committed together."),
            shoppers: arguments.option(
                "shoppers", default: 10_000, accepting: .within(1...10_000_000), "Shoppers."),
            hasZipfActivity: arguments.flag("zipf", "Draws shoppers by Zipf's law; otherwise evenly."),
            trained: trained,
            recall: arguments.option(
                "recall", default: 0.98, accepting: .within(0.5...1), "`retrieval.recall` of the run."),
            refresh: arguments.option(
                "refresh", default: ShopperSettings.Refresh.everyEvent,
                "every-event: a list at each event. batch: one per shopper and batch."),
            partitions: arguments.option("partitions", default: 16, accepting: .within(1...1000), "Of each topic."),
            pace: arguments.option(
                "pace", accepting: .within(10...1_000_000),
                "Events a second of the part that latency is measured on. Not given: 30 % of what was reached before."),
            seconds: arguments.option(
                "paced-seconds", default: 8, accepting: .within(1...3600), "How long that part lasts."))
        json = arguments.option("json", accepting: .notEmpty, "File to write everything to, as JSON.")
    }

    func run() throws -> ExitCode {
        let report = try benchmark.run()
        print(report.text)
        if let json { try report.json().write(to: URL(fileURLWithPath: json)) }
        return .success
    }
}
