import Commerce
import Datasets
import Evaluation
import Foundation
import TwoTower

/// Reads a shop's files and puts methods to the test on them.
public struct EvaluationJob: Sendable {
    /// The log of events.
    public var events: InputTable
    /// The catalogue; without it items live by their identifiers alone.
    public var items: InputTable?
    public var setting: EvaluationProtocol
    /// In the order in which they are evaluated.
    public var methods: [EvaluatedMethod]
    /// Of every random choice.
    public var seed: UInt64
    /// Seconds that a training of the towers may take; nil for no limit.
    public var timeLimit: Double?
    /// Folder of the checkpoint that takes the sequential training's place; nil trains.
    public var model: String?

    /// Describes the work; nothing is read yet.
    public init(
        events: InputTable, items: InputTable? = nil, setting: EvaluationProtocol,
        methods: [EvaluatedMethod] = EvaluatedMethod.all, seed: UInt64 = 1, timeLimit: Double? = nil,
        model: String? = nil
    ) {
        self.events = events
        self.items = items
        self.setting = setting
        self.methods = methods
        self.seed = seed
        self.timeLimit = timeLimit
        self.model = model
    }

    /// Where the work stands.
    public enum Step: Sendable {
        case reading(InputTable.Progress)
        /// The towers, for the method of that name.
        case training(String, TrainingProgress)
        case evaluating(EvaluationProgress)
    }

    /// What came of it.
    public struct Outcome: Sendable {
        public var log: EvaluationLog
        /// The queries that all methods answered.
        public var split: Split
        /// In the order of `methods`.
        public var results: [MethodResult]
        /// Version of the checkpoint that took a training's place.
        public var model: String?
    }

    /// Reads, then tunes, trains and asks one method after the other. Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - progress: called often, on the calling thread.
    ///   - refused: called after each file has been read, if rows of it were refused; the work goes on.
    ///   - finished: called with each method's result as it comes.
    /// - Throws: `FileFault`, `DatasetFault`, `CheckpointError`, `EvaluationError`, `TrainingError`, and what `finished` throws.
    public func run(
        progress: (Step) -> Void = { _ in }, refused: (RefusedRows) -> Void = { _ in },
        finished: (MethodResult, EvaluationLog) throws -> Void = { _, _ in }
    ) throws -> Outcome {
        // A checkpoint that cannot be had is told before the hours that everything else takes.
        let given = try model.map { try Checkpoint(directory: URL(fileURLWithPath: $0, isDirectory: true)) }
        let log = try read(progress, refused)
        let split = try Split(log, setting, .test)
        if let given, let model { try check(given, model, log, split) }
        var results: [MethodResult] = []
        var towers = given
        for method in methods {
            let result =
                switch method {
                case .baseline(let baseline):
                    try baseline.evaluate(on: log, setting, seed: seed) { progress(.evaluating($0)) }
                case .tower(let tower):
                    try evaluate(tower, on: log, &towers, progress)
                }
            try finished(result, log)
            results.append(result)
        }
        return Outcome(log: log, split: split, results: results, model: given?.model.version)
    }

    /// Asks a method of the towers; the first of them trains for all, and the training's seconds are told with it alone.
    private func evaluate(
        _ method: TowerMethod, on log: EvaluationLog, _ towers: inout Checkpoint?, _ progress: (Step) -> Void
    ) throws -> MethodResult {
        let began = ContinuousClock.now
        let trains = towers == nil
        let checkpoint: Checkpoint
        if let towers {
            checkpoint = towers
        } else {
            var settings = TrainingSettings()
            (settings.seed, settings.timeLimit) = (seed, timeLimit)
            let training = try log.training(setting, settings)
            checkpoint = try Trainer.train(training.log, catalogue: log.catalogue, settings: training.settings) {
                progress(.training(method.rawValue, $0))
            }
            towers = checkpoint
        }
        let seconds = trains ? (ContinuousClock.now - began) / .seconds(1) : 0
        return try method.evaluate(checkpoint, on: log, setting, training: seconds) { progress(.evaluating($0)) }
    }

    /// Refuses a checkpoint that has seen what it would be asked for.
    private func check(
        _ checkpoint: Checkpoint, _ path: String, _ log: EvaluationLog, _ split: Split
    ) throws(EvaluationError) {
        let latest = checkpoint.model.channels.time
        func time(_ milliseconds: Int64) -> String { EventTime(milliseconds: milliseconds).rfc3339 }
        if setting == .streaming, latest >= log.testStart {
            throw EvaluationError(
                "--model \(path): was trained on events up to \(time(latest)), and the test begins at "
                    + "\(time(log.testStart)): it has seen answers; train with --until \(time(log.testStart)), or leave "
                    + "--model out")
        }
        let allowed = split.roles.count { $0 == .training }
        guard checkpoint.facts.events <= allowed else {
            throw EvaluationError(
                "--model \(path): was trained on \(checkpoint.facts.events) events, and only \(allowed) are no part of the "
                    + "test: it has seen answers; train without them, or leave --model out")
        }
    }

    private func read(_ progress: (Step) -> Void, _ refused: (RefusedRows) -> Void) throws -> EvaluationLog {
        var builder = EvaluationLogBuilder()
        if let items {
            var bad = RefusedRows(path: items.path)
            try items.read(
                DatasetReader.catalogue, progress: { progress(.reading($0)) }, refuse: { bad.add($0) },
                body: { builder.append($1) })
            if bad.count > 0 { refused(bad) }
        }
        var bad = RefusedRows(path: events.path)
        try events.read(
            DatasetReader.events, progress: { progress(.reading($0)) }, refuse: { bad.add($0) },
            body: { builder.append($1) })
        if bad.count > 0 { refused(bad) }
        return try builder.build()
    }
}
