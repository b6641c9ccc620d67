import Application
import Configuration
import Evaluation
import Foundation

/// `breadcrumb-bench retrieval`: the exact index against BLAS.
struct RetrievalCommand: Command {
    static let name = "retrieval"
    static let abstract = "Measures the index on one thread, beside scores by BLAS with a scan for the best."

    private let rounds: Int
    private let json: String?

    init(reading arguments: inout ArgumentReader) {
        rounds = arguments.option(
            "rounds", default: 7, accepting: .within(1...1000), "Rounds, of which the median counts.")
        json = arguments.option("json", accepting: .notEmpty, "File to write everything to, as JSON.")
    }

    private struct Report: Codable {
        var date: String
        var machine: Machine
        var rows: [RetrievalRow]
    }

    func run() throws -> ExitCode {
        let report = Report(
            date: Date().ISO8601Format(), machine: .here(), rows: try retrievalBenchmark(rounds: rounds))
        for row in report.rows { print(row) }
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(report).write(to: URL(fileURLWithPath: json))
        }
        return .success
    }
}
