import Application
import Configuration
import Foundation

/// What `breadcrumb-bench state` found, with all that is needed to repeat it.
struct StateReport: Codable {
    /// One form of the state.
    struct Line: Codable {
        var form: StateForm
        /// recall@10 of the queries.
        var recall: Double
        /// Share of the ten items of the state in fp32 that are listed.
        var overlap: Double
        /// Mean of 1 - cosine between the shopper's vector and that of fp32.
        var angle: Double
        var stateBytes: Int
        /// Of a shopper's whole record, mean.
        var recordBytes: Double
        /// Processor time of one state.
        var encodeNanoseconds: Double
        var decodeNanoseconds: Double
    }

    var date: String
    var command: String
    var machine: Machine
    var dimension: Int
    /// Numbers of a state.
    var stateSize: Int
    var events: Int
    var shoppers: Int
    var queries: Int
    var lines: [Line]

    /// As lines of text.
    var text: String {
        var lines = [
            "\(date)  \(machine.processor), \(machine.cores) cores, \(machine.instructions), load \(machine.loadBefore)",
            "\(events) events of \(shoppers) shoppers, d = \(dimension), states of \(stateSize) numbers, \(queries) queries",
            "form   recall@10  of fp32's ten  1 - cosine  state, B  record, B  encode, ns  decode, ns",
        ]
        for line in self.lines {
            lines.append(
                line.form.rawValue
                    + String(
                        format: "%12.5f%15.4f%12.1e%10d%11.0f%12.0f%12.0f", line.recall, line.overlap, line.angle,
                        line.stateBytes, line.recordBytes, line.encodeNanoseconds, line.decodeNanoseconds))
        }
        return lines.joined(separator: "\n")
    }
}

/// `breadcrumb-bench state`: what a state of fewer bits would cost in lists, on a shop's own events.
struct StateCommand: Command {
    static let name = "state"
    static let abstract = "Compares forms of the stored state on a shop's events: recall, lists, bytes, time."

    private let model: String
    private let events: String
    private let items: String?
    private let json: String?

    init(reading arguments: inout ArgumentReader) {
        model = arguments.option(
            "model", default: "model", accepting: .notEmpty,
            "Folder of a checkpoint that was trained on the events' beginning (`breadcrumb train --until`); later ones are asked."
        )
        events = arguments.required("events", example: "events.tsv.gz", accepting: .notEmpty, "The shop's events.")
        items = arguments.option("items", accepting: .notEmpty, "The catalogue.")
        json = arguments.option("json", accepting: .notEmpty, "File to write everything to, as JSON.")
    }

    func run() throws -> ExitCode {
        let report = try StateBenchmark(model: model, events: events, items: items).run()
        print(report.text)
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(report).write(to: URL(fileURLWithPath: json))
        }
        return .success
    }
}
