import Application
import Configuration
import Foundation

/// `breadcrumb-bench catalogue`: the live catalogue under changes.
struct CatalogueCommand: Command {
    static let name = "catalogue"
    static let abstract =
        "Measures a made-up live catalogue: start, memory, changes beside searches, and a year in which items come and go."

    private let items: Int
    private let days: Int
    private let recall: Double
    private let json: String?

    init(reading arguments: inout ArgumentReader) {
        items = arguments.option("items", default: 100_000, accepting: .within(100...50_000_000), "Items.")
        days = arguments.option(
            "days", default: 365, accepting: .within(0...10_000),
            "Days in each of which 1% of the items leave, as many come and 5% change their price.")
        recall = arguments.option(
            "recall", default: 0.98, accepting: .within(0.5...1),
            "Share of the exact best that the index is tuned to find.")
        json = arguments.option("json", accepting: .notEmpty, "File to write everything to, as JSON.")
    }

    func run() throws -> ExitCode {
        let report = try CatalogueBenchmark(shop: CatalogueShop(items: items), recall: recall, days: days).run()
        print(report.text)
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(report).write(to: URL(fileURLWithPath: json))
        }
        return .success
    }
}
