import Configuration
import Evaluation
import Foundation
import TwoTower

extension EvaluationProtocol: ConfigurationValue {}

/// Puts methods to the test on a shop's files and writes a report.
struct EvaluateCommand: Command {
    static let name = "evaluate"
    static let abstract = "Measures how good the lists are, beside simpler methods, and writes a report."

    private let job: EvaluationJob
    private let report: String

    init(reading arguments: inout ArgumentReader) {
        let (events, items, vectors) = arguments.shopFiles()
        let setting = arguments.required(
            "protocol", example: EvaluationProtocol.streaming,
            "streaming: train on the past, ask while the rest streams. leave-one-out: ask for every user's last item. leave-two-out: the same without training on the last but one."
        )
        report = arguments.required(
            "report", example: "report", accepting: .notEmpty,
            "Folder of the report; an older one in it is replaced.")
        let methods = arguments.option(
            "methods", default: EvaluatedMethod.all.map(\.name).joined(separator: ","), "Names between commas.")
        let seed = arguments.option(
            "seed", default: 1, accepting: .within(0...Int.max),
            "Seed of every random choice: equal files, methods and seed give equal figures.")
        let model: String? = arguments.option(
            "model", accepting: .notEmpty,
            "Folder of a checkpoint that stands for the sequential towers. Not given: they are trained.")
        let limit: Duration? = arguments.option(
            "time-limit", accepting: .within(.seconds(1) ... .seconds(10_000_000)),
            "Ends each training of towers after about this long. Not given: no limit.")
        var settings = TrainingSettings()
        settings.seed = UInt64(seed)
        settings.timeLimit = limit.map { $0 / .seconds(1) }
        settings.vectorColumns = vectors
        job = EvaluationJob(
            events: events, items: items, setting: setting, methods: arguments.methods(methods), settings: settings,
            model: model)
    }

    func run() throws -> ExitCode {
        let folder = try ReportFolder(path: report)
        let started = Date()
        let machine = Machine.here()
        var bars = StepBars()
        defer { bars.finish() }
        let outcome = try job.run(
            progress: { bars.show($0) },
            refused: {
                bars.finish()
                tell($0.description)
            },
            finished: { result, log in
                bars.finish()
                try folder.add(result, log)
            })
        bars.finish()
        func file(_ table: InputTable) -> String { URL(fileURLWithPath: table.path).lastPathComponent }
        let facts = Report.Facts(
            name: folder.name, log: outcome.log, split: outcome.split, eventsFile: file(job.events),
            itemsFile: job.items.map(file), date: Int64(started.timeIntervalSince1970 * 1000), seed: job.settings.seed,
            timeLimit: job.settings.timeLimit,
            model: job.model.map { URL(fileURLWithPath: $0).lastPathComponent }, machine: machine,
            version: Program.breadcrumb.version)
        let report = Report(facts: facts, results: outcome.results)
        try folder.finish(report)
        print(report.table, terminator: "")
        print("report  \(folder.page)")
        return .success
    }
}

extension ArgumentReader {
    /// The methods of a list; a mistake is kept for the end.
    fileprivate mutating func methods(_ text: String) -> [EvaluatedMethod] {
        do throws(EvaluatedMethod.ListFault) { return try EvaluatedMethod.list(text) } catch {
            refuse(error.description, at: .flag("--methods"))
            return []
        }
    }
}

extension StepBars {
    /// Shows a step of an evaluation.
    mutating func show(_ step: EvaluationJob.Step) {
        switch step {
        case .reading(let progress): show(progress, doing: "reading")
        case .evaluating(let progress):
            let recall = progress.recall.map { "recall@10 " + String(format: "%.4f", $0) }
            show(
                "\(progress.method) \(progress.stage.rawValue)", Int(min(max(progress.fraction, 0), 1) * 1000),
                of: 1000, unit: "", note: recall ?? "")
        }
    }
}
