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
    /// How the towers are trained; of every random choice its seed.
    public var settings: TrainingSettings
    /// Folder of a checkpoint that stands for the sequential towers in place of training; nil trains.
    public var model: String?

    /// Describes the work; nothing is read yet.
    public init(
        events: InputTable, items: InputTable? = nil, setting: EvaluationProtocol,
        methods: [EvaluatedMethod] = EvaluatedMethod.all, settings: TrainingSettings = TrainingSettings(),
        model: String? = nil
    ) {
        self.events = events
        self.items = items
        self.setting = setting
        self.methods = methods
        self.settings = settings
        self.model = model
    }

    /// Where the work stands.
    public enum Step: Sendable {
        case reading(InputTable.Progress)
        case evaluating(EvaluationProgress)
    }

    /// What came of it.
    public struct Outcome: Sendable {
        public var log: EvaluationLog
        /// The queries that all methods answered.
        public var split: Split
        /// In the order of `methods`.
        public var results: [MethodResult]
    }

    /// Reads, then tunes, trains and asks one method after the other. Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - progress: called often, on the calling thread.
    ///   - refused: called after each file has been read, if rows of it were refused; the work goes on.
    ///   - finished: called with each method's result as it comes.
    /// - Throws: `FileFault`, `DatasetFault`, `CheckpointError`, `EvaluationFault`, `EvaluationError`,
    ///   `TrainingError`, and what `finished` throws.
    public func run(
        progress: (Step) -> Void = { _ in }, refused: (RefusedRows) -> Void = { _ in },
        finished: (MethodResult, EvaluationLog) throws -> Void = { _, _ in }
    ) throws -> Outcome {
        let log = try EvaluationLog(
            events: events, items: items, progress: { progress(.reading($0)) }, refused: refused)
        let split = try Split(log, setting, .test)
        var trainer = try TowerTrainer(log: log, split: split, settings: settings, model: model)
        var results: [MethodResult] = []
        for method in methods {
            let result =
                switch method {
                case .baseline(let baseline):
                    try baseline.evaluate(on: log, setting, seed: settings.seed) { progress(.evaluating($0)) }
                case .tower(let tower):
                    try trainer.evaluate(tower) { progress(.evaluating($0)) }
                }
            try finished(result, log)
            results.append(result)
        }
        return Outcome(log: log, split: split, results: results)
    }
}
