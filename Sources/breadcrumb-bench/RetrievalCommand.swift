import Application
import Configuration
import Evaluation
import Foundation

/// `breadcrumb-bench retrieval`: the indexes beside one another and BLAS.
struct RetrievalCommand: Command {
    static let name = "retrieval"
    static let abstract = "Measures the indexes on one thread on a trained model's vectors, beside scores by BLAS."

    private let model: String
    private let events: String
    private let sizes: [Int]
    private let rounds: Int
    private let json: String?
    private let export: String?

    init(reading arguments: inout ArgumentReader) {
        model = arguments.required("model", example: "model", accepting: .notEmpty, "Folder of a checkpoint.")
        events = arguments.required(
            "events", example: "events.csv", accepting: .notEmpty, "The shop's events, which give the users' vectors.")
        sizes = arguments.option(
            "items", default: [10_000, 100_000], accepting: .each(.within(1...100_000_000)),
            "Sizes of the catalogue, with commas between.")
        rounds = arguments.option(
            "rounds", default: 5, accepting: .within(1...1000), "Rounds, of which the median counts.")
        json = arguments.option("json", accepting: .notEmpty, "File to write everything to, as JSON.")
        export = arguments.option(
            "export", accepting: .notEmpty,
            "Folder to write the vectors to, as little-endian floats, for other libraries to be measured on.")
    }

    private struct Report: Codable {
        var date: String
        var machine: Machine
        var rows: [RetrievalRow]
    }

    func run() throws -> ExitCode {
        let vectors = try RetrievalVectors(model: model, events: events)
        if let export {
            try vectors.users.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: export + "/users.f32")) }
            for size in sizes {
                try vectors.items(size).withUnsafeBytes {
                    try Data($0).write(to: URL(fileURLWithPath: export + "/items-\(size).f32"))
                }
            }
        }
        let benchmark = RetrievalBenchmark(vectors: vectors, rounds: rounds)
        var rows: [RetrievalRow] = []
        for size in sizes {
            for row in try benchmark.run(items: size, batches: [1, 64]) {
                print(row)
                rows.append(row)
            }
        }
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(Report(date: Date().ISO8601Format(), machine: .here(), rows: rows))
                .write(to: URL(fileURLWithPath: json))
        }
        return .success
    }
}
