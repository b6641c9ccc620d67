import Commerce
import Evaluation
import Foundation
import TwoTower

/// Trains the towers that methods ask for, once for all methods that use the same.
struct TowerTrainer {
    private let log: EvaluationLog
    private let setting: EvaluationProtocol
    private let settings: TrainingSettings
    private var sequential: Trained?

    private struct Trained {
        var checkpoint: Checkpoint
        var seconds: Double
    }

    /// - Parameter model: folder of a checkpoint that stands for the sequential towers; nil trains them.
    /// - Throws: `CheckpointError`, `EvaluationFault` for a model that has seen what it would be asked for.
    init(log: EvaluationLog, split: Split, settings: TrainingSettings, model: String?) throws {
        self.log = log
        setting = split.setting
        self.settings = settings
        sequential = try model.map { Trained(checkpoint: try Self.read($0, log, split), seconds: 0) }
    }

    /// Trains what the method needs, unless that is done, and asks it the test's queries.
    ///
    /// - Throws: `EvaluationError`, `TrainingError`, `CheckpointError`.
    mutating func evaluate(_ method: TowerMethod, progress: (EvaluationProgress) -> Void) throws -> MethodResult {
        let trained = try method == .twoTower ? train(method, progress) : sequentialTowers(method, progress)
        return try method.evaluate(
            trained.checkpoint, on: log, setting, training: trained.seconds, progress: progress)
    }

    private mutating func sequentialTowers(
        _ method: TowerMethod, _ progress: (EvaluationProgress) -> Void
    ) throws -> Trained {
        if let sequential { return sequential }
        let trained = try train(method, progress)
        sequential = trained
        return trained
    }

    /// A checkpoint that has not seen what it is to be asked.
    ///
    /// - Throws: `CheckpointError`, `EvaluationFault`.
    static func read(_ folder: String, _ log: EvaluationLog, _ split: Split) throws -> Checkpoint {
        let checkpoint = try Checkpoint(directory: URL(fileURLWithPath: folder, isDirectory: true))
        let latest = checkpoint.model.channels.time
        if split.setting == .streaming, latest >= log.testStart {
            let start = EventTime(milliseconds: log.testStart).rfc3339
            throw EvaluationFault(
                description: "--model \(folder): was trained on events up to "
                    + "\(EventTime(milliseconds: latest).rfc3339), but the test begins at \(start): it has seen the "
                    + "answers; train with --until \(start)")
        }
        let allowed = split.roles.count { $0 == .training }
        guard checkpoint.facts.events <= allowed else {
            throw EvaluationFault(
                description: "--model \(folder): was trained on \(checkpoint.facts.events) events, but only \(allowed) "
                    + "are no part of the test: it has seen the answers; train without them, or leave --model out")
        }
        return checkpoint
    }

    private func train(_ method: TowerMethod, _ progress: (EvaluationProgress) -> Void) throws -> Trained {
        var settings = settings
        if method == .twoTower {
            settings.userTower = .mean
            // What the sequential towers found serves here too: the table shows what order adds, not what width does.
            if let chosen = sequential?.checkpoint.facts.settings {
                settings.dimension = chosen["dimension"].map { Int($0) }
                settings.dropout = chosen["dropout"]
            }
        }
        let (training, own) = try log.training(setting, settings)
        let clock = ContinuousClock()
        let began = clock.now
        let checkpoint = try Trainer.train(
            training, catalogue: log.catalogue, settings: own,
            progress: { step in
                progress(
                    EvaluationProgress(
                        method: method.rawValue, stage: step.stage == .fitting ? .training : .tuning,
                        fraction: step.fraction, recall: step.recall))
            })
        return Trained(checkpoint: checkpoint, seconds: (clock.now - began) / .seconds(1))
    }
}

/// Why a checkpoint cannot be evaluated: one sentence with the remedy.
struct EvaluationFault: Error, CustomStringConvertible {
    let description: String
}
