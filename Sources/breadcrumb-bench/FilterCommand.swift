import Application
import Configuration
import Foundation

/// `breadcrumb-bench filters`: searches under filters beside searches without one.
struct FilterCommand: Command {
    static let name = "filters"
    static let abstract =
        "Measures searches under filters on one thread on a trained model's vectors, beside searches without and the exact index."

    private let model: String
    private let events: String
    private let sizes: [Int]
    private let rounds: Int
    private let recall: Double

    init(reading arguments: inout ArgumentReader) {
        model = arguments.required("model", example: "model", accepting: .notEmpty, "Folder of a checkpoint.")
        events = arguments.required(
            "events", example: "events.csv", accepting: .notEmpty, "The shop's events, which give the users' vectors.")
        sizes = arguments.option(
            "items", default: [100_000], accepting: .each(.within(1...100_000_000)),
            "Sizes of the catalogue, with commas between.")
        rounds = arguments.option(
            "rounds", default: 5, accepting: .within(1...1000), "Rounds, of which the median counts.")
        recall = arguments.option(
            "recall", default: 0.99, accepting: .within(0.5...1),
            "Share of the exact best that the index is tuned to find.")
    }

    func run() throws -> ExitCode {
        let benchmark = FilterBenchmark(
            vectors: try RetrievalVectors(model: model, events: events), rounds: rounds, recall: recall)
        for size in sizes { for row in try benchmark.run(items: size) { print(row) } }
        return .success
    }
}
