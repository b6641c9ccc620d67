import Commerce
import Configuration
import Datasets
import Foundation
import Kafka

/// Writes a file of events or items to its topic.
struct ImportCommand: Command {
    static let name = "import"
    static let abstract = "Writes a file of events, or of a catalogue, to its topic."

    /// What a file holds.
    private enum Kind: String, CaseIterable, ConfigurationValue {
        case events, catalogue
    }

    private let kind: Kind
    private let job: ImportJob
    private let kafka: KafkaConfiguration
    private let isDryRun: Bool
    private let refusedPath: String?

    init(reading arguments: inout ArgumentReader) {
        isDryRun = arguments.flag("dry-run", "Reads and checks everything, shows the first records, sends nothing.")
        let rate = arguments.option(
            "rate", default: 10_000, accepting: .within(1...10_000_000), "Records a second at most.")
        let fromLine = arguments.option(
            "from-line", default: 1, accepting: .within(1...Int.max),
            "Passes over what stands before this line; the message of an import that was cut off names it.")
        refusedPath = arguments.option(
            "refused", accepting: .notEmpty,
            "File for every refused row, a line each; without it the first 20 are shown.")
        var options = arguments.datasetOptions()
        options.columns = arguments.columnMap("column", of: "the record")
        options.actions = arguments.actionNames()
        options.attributes = arguments.attributeColumns()
        options.vectors = arguments.declaredVectors() ?? []
        let settings = arguments.settings().settings
        kafka = settings.kafka.configuration(log: nil)
        // What lies further ahead would be a dead letter.
        options.latest = .now(plus: settings.events.maximumSkew)
        kind = arguments.positional("events|catalogue", example: Kind.events, "What the file holds.")
        // A longer one would be refused by whoever reads the topic.
        options.maximumRow =
            kind == .events ? settings.events.maximumBytes.bytes : CatalogueDecoder.maximumPayload
        if kind == .catalogue, !options.attributes.isEmpty {
            arguments.refuse("is for events: items have no shopper", at: .flag("--attribute-column"))
            options.attributes = []
        }
        let path = arguments.positional(
            "FILE", example: "events.csv", accepting: .notEmpty,
            "CSV, TSV or JSON lines in the contract's form, also as .gz.")
        job = ImportJob(
            table: InputTable(path: path, options: options),
            topic: kind == .events ? settings.topics.events : settings.topics.catalogue,
            limits: Importer.Limits(rate: rate), fromLine: fromLine)
    }

    func run() throws -> ExitCode {
        switch kind {
        case .events: try run(DatasetReader.events)
        case .catalogue: try run(DatasetReader.catalogue)
        }
    }

    private func run<Record: ContractRecord>(
        _ open: (String, DatasetOptions) throws -> DatasetReader<Record>
    ) throws -> ExitCode {
        let refusedFile = try refusedPath.map(LineFile.init)
        let clock = ContinuousClock.now
        var bars = StepBars()
        defer { bars.finish() }
        var shown = 0
        let outcome = try job.run(
            open, to: isDryRun ? nil : kafka,
            progress: { progress, confirmed in
                let seconds = clock.duration(to: .now) / .seconds(1)
                let rate = Int(Double(confirmed) / max(seconds, 0.001))
                bars.show(
                    progress, doing: isDryRun ? "checking" : "importing",
                    note: isDryRun ? nil : "\(confirmed) confirmed  \(rate)/s")
            },
            refuse: { try refusedFile?.write("\(job.table.path): \($0)") },
            show: { record in
                let value = try record.encoded()
                if shown < 3 { print(String(decoding: record.key + [0x09] + value, as: UTF8.self)) }
                shown += 1
            })
        bars.finish()
        report(outcome, clock.duration(to: .now))
        return outcome.written == 0 && outcome.refused.count > 0 ? .failure : .success
    }

    private func report(_ outcome: ImportJob.Outcome, _ time: Duration) {
        tell(outcome.refused.description)
        if outcome.refused.count > RefusedRows.shown, refusedPath == nil {
            tell("  --refused FILE writes all of them\n")
        }
        var line = "\(job.table.path): \(outcome.written) "
        if let partitions = outcome.partitions {
            let seconds = String(format: "%.1f", time / .seconds(1))
            line += "records written to \(job.topic) (\(partitions) partitions), every one confirmed, in \(seconds) s"
        } else {
            line += "records would be written to \(job.topic)"
        }
        line += "; \(outcome.refused.count) rows refused"
        if outcome.skipped > 0 { line += ", \(outcome.skipped) before line \(job.fromLine) passed over" }
        print(line)
    }
}
