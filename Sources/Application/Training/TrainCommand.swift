import Commerce
import Configuration
import Datasets
import Foundation
import Streaming
import TwoTower

/// Fits the towers to a shop's files and writes a checkpoint.
struct TrainCommand: Command {
    static let name = "train"
    static let abstract = "Trains the towers on a file of events and a file of items, and writes a checkpoint."

    private let job: TrainingJob
    private let model: String

    init(reading arguments: inout ArgumentReader) {
        let (events, items, vectors) = arguments.shopFiles()
        model = arguments.option(
            "model", default: "model", accepting: .notEmpty,
            "Folder of the checkpoint; an older one in it is replaced. Until it stands, NAME.training beside it keeps what is done at the end of each epoch: the same command goes on from there."
        )
        let until: EventTime? = arguments.option("until", "Trains on the events before this time alone.")
        let start: String? = arguments.option(
            "from", accepting: .notEmpty,
            "Folder of a checkpoint to go on from: a refresh, in far less time than a whole training. The files are whole all the same, with old events and new. May be the folder of --model."
        )
        var settings = Self.settings(&arguments, isRefresh: start != nil)
        settings.vectorColumns = vectors
        job = TrainingJob(events: events, items: items, until: until, settings: settings, from: start)
    }

    private static func settings(_ arguments: inout ArgumentReader, isRefresh: Bool) -> TrainingSettings {
        var settings = TrainingSettings()
        let limit: Duration? = arguments.option(
            "time-limit", accepting: .within(.seconds(1) ... .seconds(10_000_000)),
            "Ends training after about this long. Not given: no limit.")
        settings.timeLimit = limit.map { $0 / .seconds(1) }
        let epochs: Int? = arguments.option(
            "epochs", accepting: .within(1...1000),
            "Passes over the events at most. Not given: \(settings.epochs), or \(settings.refreshEpochs) with --from.")
        if let epochs { if isRefresh { settings.refreshEpochs = epochs } else { settings.epochs = epochs } }
        settings.dimension = arguments.option(
            "dimension", accepting: .within(16...512),
            "Length of the vectors, a multiple of 16. Not given: validation chooses, or the checkpoint of --from has it."
        )
        settings.userTower = arguments.option(
            "user-tower",
            "What moves a shopper's state: gated recurrences, or the mean of all events to compare with. Not given: gated recurrences, or what the checkpoint of --from has."
        )
        settings.blocks = arguments.option(
            "blocks", accepting: .within(1...8),
            "Blocks of the user tower on top of one another. Not given: 1, or as many as the checkpoint of --from has.")
        settings.learningRate = arguments.option(
            "learning-rate", default: settings.learningRate, accepting: .within(0.0001...0.1),
            "The optimiser's largest step; a lower one where training diverges.")
        settings.seed = UInt64(
            arguments.option(
                "seed", default: Int(clamping: settings.seed), accepting: .within(0...Int.max),
                "Seed of every random choice: equal files, settings and seed give an equal model."))
        if (settings.dimension ?? 16) % 16 != 0 {
            arguments.refuse("must be a multiple of 16", at: .flag("--dimension"))
        }
        return settings
    }

    func run() throws -> ExitCode {
        let folder = try OutputFolder(
            path: model, option: "--model", content: "a checkpoint",
            isContent: { Checkpoint.fileNames.contains($0) || PlanFile.isName($0) })
        // Where the training is kept while it lasts: beside its checkpoint, as `model.training`.
        let unfinished = UnfinishedTraining(folder.url.appendingPathExtension("training"))
        var bars = StepBars()
        let outcome = try job.run(
            keeping: unfinished, progress: { bars.show($0) },
            refused: {
                bars.finish()
                tell($0.description)
            },
            notice: {
                bars.finish()
                tell($0 + "\n")
            })
        bars.finish()
        try folder.write {
            try outcome.checkpoint.save(to: $0)
            unfinished.remove()
        }
        print(summary(outcome, folder))
        return .success
    }

    private func summary(_ outcome: TrainingJob.Outcome, _ folder: OutputFolder) -> String {
        let (facts, model) = (outcome.checkpoint.facts, outcome.checkpoint.model)
        var trained = "\(facts.events) events of \(facts.shoppers) shoppers on \(model.items.count) items"
        if let until = job.until { trained += " before \(until.rfc3339) (\(outcome.laterEvents) later ones left out)" }
        let start = facts.startedFrom.map { "\nstarted from  \($0)" } ?? ""
        let recall = facts.recallAt10.map { "\(percent($0)) of the latest part's next new items" }
        return """
            checkpoint  \(folder.url.path)
            version     \(model.version)\(start)
            trained on  \(trained)
            catalogue   \(outcome.items) records
            epochs      \(facts.epochs)
            recall@10   \(recall ?? "not measured: too few events")
            """
    }
}

extension StepBars {
    /// Shows a step of a training job.
    mutating func show(_ step: TrainingJob.Step) {
        switch step {
        case .reading(let progress): show(progress, doing: "reading")
        case .training(let progress): show(progress, doing: "training")
        }
    }

    /// Shows how far a training is.
    mutating func show(_ progress: TrainingProgress, doing label: String) {
        let epoch = progress.epoch > 0 ? " epoch \(progress.epoch)" : ""
        let loss = progress.loss.map { "loss \(String(format: "%.3f", $0))" }
        let recall = progress.recall.map { "recall@10 \(percent($0))" }
        let note = [progress.stage.rawValue + epoch, loss, recall].compactMap { $0 }.joined(separator: "  ")
        show(label, Int(min(max(progress.fraction, 0), 1) * 1000), of: 1000, unit: "", note: note)
    }
}

/// `12.3%`
private func percent(_ share: Double) -> String { String(format: "%.1f%%", share * 100) }
