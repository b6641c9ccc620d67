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
        /// Milliseconds since 1970 of the last event that the towers have trained on.
        var towersUntil: Int64
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
    /// The checkpoint that the run starts from; nil for a start from nothing.
    private let start: WarmStart?
    private var clock = TrainingClock()
    /// Where the run stands.
    private(set) var state = RunState()
    /// The largest share of the run that was reported: another candidate does not take it back.
    private var furthest = 0.0
    /// Keeps the state: called at the end of every epoch and after tuning.
    private let keep: (RunState) -> Void

    /// Parts of the time limit by which validation and tuning must be over: the final fit has more events and no early stop.
    private static let validationPart = 0.4
    private static let tuningPart = 0.5
    /// Fewer queries say nothing.
    private static let minimumQueries = 20

    init(
        histories: Histories, items: Int, features: VocabularyBuilder, settings: TrainingSettings,
        start: WarmStart?, keep: @escaping (RunState) -> Void
    ) {
        self.histories = histories
        self.items = items
        self.features = features
        self.settings = settings
        self.start = start
        self.keep = keep
    }

    /// Makes the run go on from where an equal one was.
    mutating func goOn(from state: RunState) {
        self.state = state
        clock = TrainingClock(goingOnFrom: state.elapsed)
    }

    /// Runs all stages, or those that are left; `progress` is called often, on the calling thread.
    mutating func train(_ progress: (TrainingProgress) -> Void) throws(TrainingError) -> Result {
        let needsTrial = state.constants == nil || !settings.fitsEverything
        let trial = needsTrial ? trial(progress) : nil
        if state.constants == nil {
            if let trial { try choose(trial, progress) }
            state.constants =
                start?.model.channels.constants
                ?? trial.flatMap { trial in state.best.map { tune(trial, $0, progress) } } ?? Channels()
            checkpoint()
        }
        let constants = state.constants ?? Channels()
        guard !settings.fitsEverything, let trial else {
            return result(try fit(histories, progress), histories, constants)
        }
        let best = if let best = state.best { best } else { try fit(trial.earlier, progress) }
        return result(best, trial.earlier, constants)
    }

    private func result(
        _ choice: RunState.Choice, _ histories: Histories, _ constants: Channels
    ) -> Result {
        let attempt = choice.attempt
        let until = attempt.epochs == 0 ? start?.towersUntil : nil
        return Result(
            layout: TowerLayout(shape(attempt.candidate)), parameters: choice.parameters,
            dropout: attempt.candidate.dropout, epochs: attempt.epochs,
            recall: attempt.figure?.recall,
            channels: TrainedChannels(constants, histories: histories, items: items),
            towersUntil: until ?? histories.times.max() ?? 0)
    }

    /// Of the tower that a candidate trains.
    func shape(_ candidate: Candidates.Candidate) -> TowerShape {
        TowerShape(
            items: items, tokens: features.vocabulary.tokens.count, attributes: histories.attributes.tokens.count,
            vectors: features.columns, dimension: candidate.dimension,
            userTower: settings.tower, blocks: settings.blockCount,
            hidden: start?.model.layout.shape.hidden ?? 2 * candidate.dimension)
    }

    private mutating func checkpoint() {
        state.elapsed = clock.elapsed
        keep(state)
    }

    /// Items that the softmax samples; nil for all: the same in every fit of the run.
    private var negatives: Int? {
        items > settings.negatives && scores(items) > settings.fullSoftmaxScores ? settings.negatives : nil
    }

    /// Scores of an epoch on everything, with so many items in the softmax.
    private func scores(_ items: Int) -> Double { Double(histories.eventCount) * Double(items) }

    /// Whether a figure is worth more epochs. Of equals the later is kept, for where recall is at its limit the order within the
    /// ten still improves; but a checkpoint that training starts from is left for what is better alone.
    private func isBetter(_ figure: Hits.Figure, than best: RunState.Choice.Attempt) -> Bool {
        let merit = best.figure?.merit ?? 0
        return start != nil && best.epochs == 0 ? figure.merit > merit : figure.merit >= merit
    }

    /// Share of the run that is over when the last stage begins.
    private var fittingFrom: Double { state.best == nil ? 0 : Self.validationPart }

    /// The trial, or nil if there is too little to judge by.
    private mutating func trial(_ progress: (TrainingProgress) -> Void) -> Trial? {
        let chosen = start.map { $0.heldOut(of: histories) } ?? settings.validation.heldOut(of: histories)
        guard let heldOut = chosen else { return nil }
        let earlier = Histories(histories, without: heldOut)
        guard earlier.eventCount > 1, earlier.isRepeat.contains(false) else { return nil }
        report(.preparing, epoch: 0, 0, nil, nil, progress)
        return Trial(
            heldOut: heldOut, earlier: earlier, cooccurrence: Cooccurrence(earlier, items: items),
            trained: earlier.itemCounts(items))
    }

    /// Trains candidates without the held-out events and keeps the best on them; none if there are too few queries.
    private mutating func choose(
        _ trial: Trial, _ progress: (TrainingProgress) -> Void
    ) throws(TrainingError) {
        var candidates = Candidates(
            settings, epochScores: scores(negatives ?? items), tried: state.tried)
        while let candidate = candidates.next() {
            let layout = TowerLayout(shape(candidate))
            let validation = Validation(
                histories: histories, heldOut: trial.heldOut, trained: trial.trained, layout: layout,
                bags: features.bags, seed: settings.seed)
            guard validation.queries >= Self.minimumQueries else { return }
            let portion = Self.validationPart / Double(candidates.expected)
            let done = Double(candidates.tried.count) * portion
            let choice = try validate(candidate, layout, trial, validation, done...done + portion, progress)
            if candidates.add(candidate, merit: choice.attempt.figure?.merit ?? 0) { state.best = choice }
            (state.tried, state.current, state.fit) = (candidates.tried, nil, nil)
        }
    }

    /// Trains one candidate until recall rises no more for `patience` epochs.
    ///
    /// - Parameter part: of the run, which the candidate takes.
    private mutating func validate(
        _ candidate: Candidates.Candidate, _ layout: TowerLayout, _ trial: Trial, _ validation: Validation,
        _ part: ClosedRange<Double>, _ progress: (TrainingProgress) -> Void
    ) throws(TrainingError) -> RunState.Choice {
        let fit = Fit(
            trial.earlier, layout: layout, bags: features.bags, settings: settings, negatives: negatives,
            dropout: candidate.dropout,
            deadline: settings.timeLimit.map { $0 * Self.validationPart },
            from: try fitState(layout, trial.earlier, trial.cooccurrence))
        var best =
            state.current
            ?? RunState.Choice(
                attempt: RunState.Choice.Attempt(
                    candidate: candidate, epochs: 0, figure: validation.measure(fit.parameters)),
                parameters: fit.parameters.copy())
        var latest = best.attempt.figure
        while !fit.progress.isOver, fit.progress.epochs < settings.epochs,
            fit.progress.epochs - best.attempt.epochs < settings.patience
        {
            var mean = 0.0
            try fit.epoch(clock: clock) { loss, fraction in
                mean = loss
                // Should recall rise no more.
                let epochs = min(settings.epochs, best.attempt.epochs + settings.patience)
                let done = (Double(fit.progress.epochs - 1) + fraction) / Double(max(1, epochs))
                let over = part.lowerBound + min(1, done) * (part.upperBound - part.lowerBound)
                report(.validating, epoch: fit.progress.epochs, over, loss, latest?.recall, progress)
            }
            let seconds = clock.elapsed - state.measuring
            let figure = validation.measure(fit.parameters)
            latest = figure
            state.measuring += clock.elapsed - state.measuring - seconds
            state.curve.append(
                TrainingEpoch(
                    stage: TrainingProgress.Stage.validating.rawValue, dimension: candidate.dimension,
                    dropout: candidate.dropout, epoch: fit.progress.epochs, seconds: seconds, loss: mean,
                    recall: figure.recall))
            if isBetter(figure, than: best.attempt) {
                (best.attempt.figure, best.attempt.epochs) = (figure, fit.progress.epochs)
                best.parameters = fit.parameters.copy()
            }
            (state.current, state.fit) = (best, fit.state)
            checkpoint()
        }
        // Cut short while recall still rose, or before it could: the fit on everything may use all the time that is left.
        if start == nil, fit.progress.isOver, best.attempt.epochs == fit.progress.epochs || fit.progress.epochs == 1 {
            best.attempt.epochs = settings.epochs
        }
        return best
    }

    /// The fit under way, or else one before its first epoch.
    private func fitState(
        _ layout: TowerLayout, _ histories: Histories, _ pairs: Cooccurrence? = nil
    ) throws(TrainingError) -> Fit.State {
        if let fit = state.fit { return fit }
        let cooccurrence = pairs ?? Cooccurrence(histories, items: items)
        let warm = start?.parameters(
            layout: layout, histories: histories, cooccurrence: cooccurrence, bags: features.bags, seed: settings.seed)
        guard
            let parameters = warm
                ?? Initialisation.parameters(
                    layout: layout, histories: histories, cooccurrence: cooccurrence, bags: features.bags,
                    seed: settings.seed)
        else { throw TrainingError(.diverged, "the factorisation of the items' co-occurrences does not converge") }
        return Fit.State(
            parameters: parameters, average: parameters.copy(), moments: AdamW.Moments(count: parameters.count))
    }

    /// Chooses the channels' constants with the best parameters of validation.
    private mutating func tune(
        _ trial: Trial, _ choice: RunState.Choice, _ progress: (TrainingProgress) -> Void
    ) -> Channels {
        report(.tuning, epoch: 0, fittingFrom, nil, choice.attempt.figure?.recall, progress)
        let start = clock.elapsed
        let replay = ValidationReplay(
            histories: histories, heldOut: trial.heldOut, trained: trial.trained,
            layout: TowerLayout(shape(choice.attempt.candidate)),
            bags: features.bags, parameters: choice.parameters, seed: settings.seed)
        guard let first = replay.events.first, let last = replay.events.last else { return Channels() }
        var tuner = ChannelTuner(
            trial: ChannelTrial(
                replay: replay, tables: NeighbourTrials(trial.earlier, trial.cooccurrence, occurrences: trial.trained)
            ) { [items] in
                trial.earlier.popularity(items, at: first.time, halfLife: $0)
            },
            interval: max(1, Double(last.time) - Double(first.time)) / Double(replay.events.count),
            isOver: { [clock, settings] in settings.timeLimit.map { clock.elapsed > $0 * Self.tuningPart } ?? false })
        tuner.run(movingItems: settings.validation.isByTime)
        state.measuring += clock.elapsed - start
        return tuner.channels
    }

    /// Trains for the chosen number of epochs. Where there was nothing to choose by it is all of them, or none
    /// from a checkpoint, which is trained already: refreshes that nothing judges would pile up.
    private mutating func fit(
        _ histories: Histories, _ progress: (TrainingProgress) -> Void
    ) throws(TrainingError) -> RunState.Choice {
        let chosen = state.best?.attempt
        report(.preparing, epoch: 0, fittingFrom, nil, chosen?.figure?.recall, progress)
        let candidate = state.candidate(settings)
        let layout = TowerLayout(shape(candidate))
        let fit = Fit(
            histories, layout: layout, bags: features.bags, settings: settings, negatives: negatives,
            dropout: candidate.dropout, deadline: settings.timeLimit,
            from: try fitState(layout, histories))
        let epochs = chosen?.epochs ?? (start == nil ? settings.epochs : 0)
        while !fit.progress.isOver, fit.progress.epochs < epochs {
            var mean = 0.0
            try fit.epoch(clock: clock) { loss, fraction in
                mean = loss
                let done = (Double(fit.progress.epochs - 1) + fraction) / Double(epochs)
                report(
                    .fitting, epoch: fit.progress.epochs, fittingFrom + done * (1 - fittingFrom), loss,
                    chosen?.figure?.recall, progress)
            }
            state.curve.append(
                TrainingEpoch(
                    stage: TrainingProgress.Stage.fitting.rawValue, dimension: candidate.dimension,
                    dropout: candidate.dropout, epoch: fit.progress.epochs,
                    seconds: clock.elapsed - state.measuring, loss: mean, recall: nil))
            state.fit = fit.state
            checkpoint()
        }
        return RunState.Choice(
            attempt: RunState.Choice.Attempt(
                candidate: candidate, epochs: fit.progress.epochs, figure: chosen?.figure),
            parameters: fit.parameters)
    }

    private mutating func report(
        _ stage: TrainingProgress.Stage, epoch: Int, _ fraction: Double, _ loss: Double?, _ recall: Double?,
        _ progress: (TrainingProgress) -> Void
    ) {
        let elapsed = clock.elapsed
        // A limit says better than epochs how much is left.
        furthest = max(furthest, fraction, settings.timeLimit.map { min(1, elapsed / $0) } ?? 0)
        progress(
            TrainingProgress(
                stage: stage, epoch: epoch, fraction: furthest, loss: loss, recall: recall, elapsed: elapsed,
                remaining: furthest > 0.01 ? elapsed * (1 - furthest) / furthest : nil))
    }
}
