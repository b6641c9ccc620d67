import Commerce
import TwoTower

/// The methods that are the towers, each a way to use one checkpoint.
public enum TowerMethod: String, CaseIterable, Sendable {
    /// All of it: with the sparse channel and moving items.
    case sequential
    /// Without the items' movement.
    case frozen = "sequential-frozen"
    /// Without the movement and without the sparse channel: the towers alone.
    case dense = "sequential-dense"
    /// The non-sequential two-tower network, alone.
    case twoTower = "two-tower"

    /// Asks the test's queries of a checkpoint's model.
    ///
    /// - Parameters:
    ///   - training: seconds that training took; its parts are told apart by the stages of `checkpoint.curve`.
    ///   - progress: as of `Baseline.evaluate`.
    /// - Throws: `EvaluationError` if the log is too short for the protocol, or the catalogue does not fit the model.
    public func evaluate(
        _ checkpoint: Checkpoint, on log: EvaluationLog, _ setting: EvaluationProtocol, training: Double = 0,
        progress: (EvaluationProgress) -> Void = { _ in }
    ) throws(EvaluationError) -> MethodResult {
        let test = try Split(log, setting, .test)
        let parts = TowerRecommender.Parts(
            sparse: self == .sequential || self == .frozen, moving: self == .sequential && setting == .streaming)
        let clock = ContinuousClock()
        let began = clock.now
        let results = Runner.run(try TowerRecommender(log, checkpoint.model, parts), on: log, test) {
            progress(EvaluationProgress(method: rawValue, stage: .querying, fraction: Double($0) / Double(log.count)))
        }
        let tuning = checkpoint.curve.last { $0.recall != nil }?.seconds ?? 0
        return MethodResult(
            name: rawValue, settings: Self.settings(checkpoint, parts), queries: results,
            metrics: Metrics(results, split: test, items: log.items.count),
            curve: checkpoint.curve.map {
                CurvePoint(seconds: $0.seconds, epoch: Double($0.epoch), loss: $0.loss, recall: $0.recall)
            },
            tuningSeconds: min(tuning, training), trainingSeconds: max(0, training - tuning),
            queryingSeconds: (clock.now - began) / .seconds(1))
    }

    private static func settings(_ checkpoint: Checkpoint, _ parts: TowerRecommender.Parts) -> [Setting] {
        var settings = ["dimension", "blocks", "dropout", "learningRate"].compactMap { name in
            checkpoint.facts.settings[name].map { Setting(name, Setting.text($0)) }
        }
        settings.append(Setting("epochs", "\(checkpoint.facts.epochs)"))
        settings.append(Setting("seed", "\(checkpoint.facts.seed)"))
        if parts.sparse, let sparse = checkpoint.model.channels.constants.sparse {
            settings.append(Setting("sparse weight", Setting.text(Double(sparse.weight))))
            settings.append(Setting("sparse decay", Setting.text(Double(sparse.decay))))
            let rule = sparse.neighbours
            settings.append(Setting("sparse damping", Setting.text(rule.damping)))
            settings.append(Setting("sparse window", "\(rule.pairs.window)"))
            settings.append(Setting("sparse pair decay", Setting.text(rule.pairs.decay)))
            settings.append(Setting("sparse backward weight", Setting.text(rule.pairs.backward)))
        }
        if parts.moving, let rule = checkpoint.model.channels.motion {
            settings.append(
                Setting("prior of known items", rule.knownPrior.map { Setting.text(Double($0)) } ?? "they rest"))
            settings.append(Setting("prior of new items", Setting.text(Double(rule.newPrior))))
            settings.append(Setting("gain of new items", Setting.text(Double(rule.newGain))))
            settings.append(Setting("popularity weight", Setting.text(Double(rule.popularityWeight))))
            settings.append(
                Setting("popularity half-life in hours", Setting.text(rule.popularityHalfLife / 3_600_000)))
        }
        return settings
    }
}

extension EvaluationLog {
    /// Training settings whose held-out events are this log's validation, with the events to give to `Trainer.train`.
    ///
    /// The model is trained again on all that comes before the test, but in the leave-two-out protocol: there it is the one
    /// that validation stopped.
    ///
    /// - Throws: `EvaluationError` if the log is too short for the protocol.
    public func training(
        _ setting: EvaluationProtocol, _ settings: TrainingSettings
    ) throws(EvaluationError) -> (log: TrainingLog, settings: TrainingSettings) {
        var settings = settings
        switch setting {
        case .streaming:
            settings.validation = .from(EventTime(milliseconds: validationStart))
        case .leaveOneOut, .leaveTwoOut:
            settings.validation = .lastOfEachShopper
            settings.fitsEverything = setting == .leaveOneOut
        }
        // With the validation's items, which the trainer itself keeps back where it must.
        return (trainingLog(try Split(self, setting == .streaming ? .streaming : .leaveOneOut, .test)), settings)
    }
}
