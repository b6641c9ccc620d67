import LinearAlgebra

/// The stages of one training run: choose settings and epochs on the held-out events, choose the channels on them, then fit
/// everything.
struct TrainingRun {
    /// What a run ends with.
    struct Result {
        var layout: TowerLayout
        var parameters: FloatBuffer
        var dropout: Double
        /// Epochs up to the kept parameters.
        var epochs: Int
        /// recall@10 on the held-out events; nil if there were none to judge by.
        var recall: Double?
        var channels: TrainedChannels
    }

    /// The best of validation.
    private struct Choice {
        var candidate: Candidates.Candidate
        var epochs: Int
        var recall: Double
        var layout: TowerLayout
        /// After `epochs`.
        var parameters: FloatBuffer
    }

    /// The events that validation trains without, and those it asks.
    private struct Trial {
        var heldOut: [Bool]
        var earlier: Histories
        var cooccurrence: Cooccurrence
        var trained: [Int32]
    }

    private let histories: Histories
    private let items: Int
    private let features: VocabularyBuilder
    private let settings: TrainingSettings
    private let clock: TrainingClock
    private(set) var curve: [TrainingEpoch] = []
    /// Seconds spent on measuring, which are no training.
    private var measuring = 0.0
    /// Share of the run that is over when the last stage begins.
    private var fittingFrom = 0.0

    /// Parts of the time limit by which validation and tuning must be over: the final fit has more events and no early stop.
    private static let validationPart = 0.4
    private static let tuningPart = 0.5
    /// Fewer queries say nothing.
    private static let minimumQueries = 20

    init(
        histories: Histories, items: Int, features: VocabularyBuilder, settings: TrainingSettings,
        clock: TrainingClock
    ) {
        self.histories = histories
        self.items = items
        self.features = features
        self.settings = settings
        self.clock = clock
    }

    /// Runs all stages; `progress` is called often, on the calling thread.
    mutating func train(_ progress: (TrainingProgress) -> Void) throws(TrainingError) -> Result {
        let trial = trial(progress)
        let choice = if let trial { try choose(trial, progress) } else { nil as Choice? }
        let constants = if let trial, let choice { tune(trial, choice, progress) } else { Channels() }
        if !settings.fitsEverything, let trial, let choice {
            return result(choice, trial.earlier, trial.cooccurrence, constants)
        }
        let cooccurrence = Cooccurrence(histories, items: items)
        let final = try fitAll(choice, cooccurrence, progress)
        return result(final, histories, cooccurrence, constants)
    }

    private func result(
        _ choice: Choice, _ histories: Histories, _ cooccurrence: Cooccurrence, _ constants: Channels
    ) -> Result {
        Result(
            layout: choice.layout, parameters: choice.parameters, dropout: choice.candidate.dropout,
            epochs: choice.epochs, recall: choice.recall.isNaN ? nil : choice.recall,
            channels: TrainedChannels(constants, histories: histories, cooccurrence: cooccurrence, items: items))
    }

    private func layout(_ candidate: Candidates.Candidate) -> TowerLayout {
        TowerLayout(
            TowerShape(
                items: items, tokens: features.vocabulary.tokens.count, attributes: histories.attributes.tokens.count,
                vectors: features.columns, dimension: candidate.dimension, userTower: settings.userTower,
                blocks: settings.blocks, hidden: 2 * candidate.dimension))
    }

    /// The trial, or nil if there is too little to judge by.
    private func trial(_ progress: (TrainingProgress) -> Void) -> Trial? {
        guard let heldOut = settings.validation.heldOut(of: histories) else { return nil }
        let earlier = Histories(histories, without: heldOut)
        guard earlier.eventCount > 1, earlier.isRepeat.contains(false) else { return nil }
        report(.preparing, epoch: 0, 0, nil, nil, progress)
        return Trial(
            heldOut: heldOut, earlier: earlier, cooccurrence: Cooccurrence(earlier, items: items),
            trained: earlier.itemCounts(items))
    }

    /// Trains candidates without the held-out events and keeps the best on them; nil if there are too few queries.
    private mutating func choose(
        _ trial: Trial, _ progress: (TrainingProgress) -> Void
    ) throws(TrainingError) -> Choice? {
        var candidates = Candidates(settings, events: trial.earlier.eventCount, items: items)
        var best: Choice?
        while let candidate = candidates.next() {
            let layout = layout(candidate)
            let validation = Validation(
                histories: histories, heldOut: trial.heldOut, trained: trial.trained, layout: layout,
                bags: features.bags, seed: settings.seed)
            guard validation.queries >= Self.minimumQueries else { return nil }
            let choice = try validate(candidate, layout, trial, validation, progress)
            if candidates.add(candidate, recall: choice.recall) { best = choice }
        }
        return best
    }

    /// Trains one candidate until recall no longer rises.
    private mutating func validate(
        _ candidate: Candidates.Candidate, _ layout: TowerLayout, _ trial: Trial, _ validation: Validation,
        _ progress: (TrainingProgress) -> Void
    ) throws(TrainingError) -> Choice {
        let fit = try Fit(
            trial.earlier, cooccurrence: trial.cooccurrence, layout: layout, bags: features.bags, settings: settings,
            dropout: candidate.dropout, deadline: settings.timeLimit.map { $0 * Self.validationPart })
        fittingFrom = Self.validationPart
        var latest = validation.recall(fit.parameters)
        var best = Choice(
            candidate: candidate, epochs: 0, recall: latest, layout: layout, parameters: fit.parameters.copy())
        for epoch in 0..<settings.epochs {
            var mean = 0.0
            let goesOn = try fit.epoch(epoch, clock: clock) { loss, fraction in
                mean = loss
                let done = (Double(epoch) + fraction) / Double(settings.epochs)
                report(.validating, epoch: epoch + 1, done * Self.validationPart, loss, latest, progress)
            }
            let seconds = clock.elapsed - measuring
            latest = validation.recall(fit.parameters)
            measuring += clock.elapsed - measuring - seconds
            curve.append(
                TrainingEpoch(
                    stage: TrainingProgress.Stage.validating.rawValue, dimension: candidate.dimension,
                    dropout: candidate.dropout, epoch: epoch + 1, seconds: seconds, loss: mean, recall: latest))
            // Of equals the later: where recall is at its limit, the order within the ten still improves.
            if latest >= best.recall {
                (best.recall, best.epochs) = (latest, epoch + 1)
                best.parameters = fit.parameters.copy()
            }
            if !goesOn {
                // Cut short while recall still rose: the fit on everything may use all the time that is left.
                if best.epochs == epoch + 1 { best.epochs = settings.epochs }
                break
            }
            if epoch + 1 - best.epochs >= settings.patience { break }
        }
        return best
    }

    /// Chooses the channels' constants with the best parameters of validation.
    private mutating func tune(
        _ trial: Trial, _ choice: Choice, _ progress: (TrainingProgress) -> Void
    ) -> Channels {
        report(.tuning, epoch: 0, fittingFrom, nil, choice.recall, progress)
        let start = clock.elapsed
        let replay = ValidationReplay(
            histories: histories, heldOut: trial.heldOut, trained: trial.trained, layout: choice.layout,
            bags: features.bags, parameters: choice.parameters, seed: settings.seed)
        guard let first = replay.events.first, let last = replay.events.last else { return Channels() }
        var tables: [Double: NeighbourTable] = [:]
        for damping in ChannelTuner.dampings {
            tables[damping] = NeighbourTable(trial.cooccurrence, occurrences: trial.trained, damping: damping)
        }
        var tuner = ChannelTuner(
            trial: ChannelTrial(replay: replay, tables: tables) { [items] in
                trial.earlier.popularity(items, at: first.time, halfLife: $0)
            },
            interval: max(1, Double(last.time) - Double(first.time)) / Double(replay.events.count),
            isOver: { [clock, settings] in settings.timeLimit.map { clock.elapsed > $0 * Self.tuningPart } ?? false })
        tuner.run(movingItems: settings.validation.isByTime)
        measuring += clock.elapsed - start
        return tuner.channels
    }

    /// Trains on everything, for the chosen number of epochs or all of them.
    private mutating func fitAll(
        _ choice: Choice?, _ cooccurrence: Cooccurrence, _ progress: (TrainingProgress) -> Void
    ) throws(TrainingError) -> Choice {
        report(.preparing, epoch: 0, fittingFrom, nil, choice?.recall, progress)
        let candidate = choice?.candidate ?? Candidates.fallback(settings)
        var result = Choice(
            candidate: candidate, epochs: 0, recall: choice?.recall ?? .nan, layout: layout(candidate),
            parameters: FloatBuffer(count: 0))
        let fit = try Fit(
            histories, cooccurrence: cooccurrence, layout: result.layout, bags: features.bags, settings: settings,
            dropout: candidate.dropout, deadline: settings.timeLimit)
        let epochs = choice?.epochs ?? settings.epochs
        for epoch in 0..<epochs {
            var mean = 0.0
            let goesOn = try fit.epoch(epoch, clock: clock) { loss, fraction in
                mean = loss
                let done = (Double(epoch) + fraction) / Double(epochs)
                report(
                    .fitting, epoch: epoch + 1, fittingFrom + done * (1 - fittingFrom), loss, choice?.recall, progress)
            }
            curve.append(
                TrainingEpoch(
                    stage: TrainingProgress.Stage.fitting.rawValue, dimension: candidate.dimension,
                    dropout: candidate.dropout, epoch: epoch + 1, seconds: clock.elapsed - measuring, loss: mean,
                    recall: nil))
            result.epochs = epoch + 1
            if !goesOn { break }
        }
        result.parameters = fit.parameters
        return result
    }

    private func report(
        _ stage: TrainingProgress.Stage, epoch: Int, _ fraction: Double, _ loss: Double?, _ recall: Double?,
        _ progress: (TrainingProgress) -> Void
    ) {
        let elapsed = clock.elapsed
        // A limit says better than epochs how much is left.
        let fraction = settings.timeLimit.map { max(fraction, min(1, elapsed / $0)) } ?? fraction
        progress(
            TrainingProgress(
                stage: stage, epoch: epoch, fraction: fraction, loss: loss, recall: recall, elapsed: elapsed,
                remaining: fraction > 0.01 ? elapsed * (1 - fraction) / fraction : nil))
    }
}
