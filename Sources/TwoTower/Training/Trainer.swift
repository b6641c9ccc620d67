import Bytes
import Commerce
import Foundation
import LinearAlgebra

/// Fits the two-tower model to a log of events and a catalogue.
public enum Trainer {
    /// Trains and returns the checkpoint, without writing it.
    ///
    /// First the number of epochs is found: training on the earlier part, recall@10 on the later one. Then a model is trained
    /// on everything for as many epochs. Blocks the calling thread and keeps two cores busy.
    ///
    /// - Parameters:
    ///   - catalogue: features of items; of two records of one item the later counts. Items without a record live by their ID.
    ///   - progress: called often, on the calling thread.
    public static func train(
        _ log: TrainingLog, catalogue: [CatalogueItem] = [], settings: TrainingSettings = TrainingSettings(),
        progress: (TrainingProgress) -> Void = { _ in }
    ) throws(TrainingError) -> Checkpoint {
        let faults = settings.faults
        guard faults.isEmpty else { throw TrainingError(.badSettings, faults.joined(separator: "; ")) }
        let clock = TrainingClock()
        Blas.useCallingThreadOnly()
        let histories = Histories(log)
        try check(log, histories)
        let features = try VocabularyBuilder(items: log.items, catalogue: catalogue, settings: settings)
        let layout = TowerLayout(
            TowerShape(
                items: log.itemCount, tokens: features.vocabulary.tokens.count,
                attributes: histories.attributes.tokens.count, vectors: features.columns,
                dimension: settings.dimension, blocks: settings.blocks, hidden: settings.hidden))
        var run = Run(
            log: log, histories: histories, features: features, layout: layout, settings: settings, clock: clock)
        let choice = try run.chooseEpochs(progress)
        let fit = try run.fitAll(choice, progress)
        let facts = TrainingFacts(
            seed: settings.seed, dataDigest: try digest(log, features), events: log.count, shoppers: log.shopperCount,
            epochs: run.epochsDone, recallAt10: choice?.recall, settings: settings.record)
        do {
            return try Checkpoint(
                layout: layout, parameters: fit.parameters,
                itemVectors: ItemEncoder(layout: layout, parameters: fit.parameters).encodeKnown(features.bags),
                items: log.items.map(\.rawValue), vocabulary: features.vocabulary, attributes: histories.attributes,
                facts: facts)
        } catch { throw TrainingError(.checkpoint, error.description) }
    }

    private static func check(_ log: TrainingLog, _ histories: Histories) throws(TrainingError) {
        guard log.count > 0 else { throw TrainingError(.tooLittleData, "there are no events to train on") }
        guard log.itemCount > 1 else {
            throw TrainingError(
                .tooLittleData, "all \(log.count) events are on one item: there is nothing to choose from")
        }
        let pairs = (0..<histories.shopperCount).contains { shopper in
            histories.events(of: shopper).dropFirst().contains {
                !histories.isRepeat[$0] && histories.actions[$0] != .cartRemoval
            }
        }
        guard pairs else {
            throw TrainingError(.tooLittleData, "no shopper has events on two items: there is no order to learn from")
        }
    }

    /// SHA-256 of what was trained on: events as interned, items, their features, and the attributes.
    private static func digest(_ log: TrainingLog, _ features: VocabularyBuilder) throws(TrainingError) -> String {
        var events = ByteWriter(reserving: log.count * 32)
        for entry in log.entries {
            events.integer(entry.shopper)
            events.integer(entry.item)
            events.integer(entry.action.rawValue)
            events.integer(entry.time)
            events.integer(entry.session ?? 0)
            events.integer(entry.attributes)
        }
        var names = ByteWriter()
        for item in log.items { names.string(item.rawValue) }
        for token in features.vocabulary.tokens + log.attributeSets.joined() { names.string(token) }
        for column in features.columns { names.string(column.name) }
        var values = ByteWriter()
        features.bags.write(to: &values)
        do { return try ContentDigest.hex([events, names, values].map { Data($0.bytes) }) } catch {
            throw TrainingError(.checkpoint, error.description)
        }
    }
}

/// The two stages of a run.
private struct Run {
    let log: TrainingLog
    let histories: Histories
    let features: VocabularyBuilder
    let layout: TowerLayout
    let settings: TrainingSettings
    let clock: TrainingClock
    private(set) var epochsDone = 0
    /// Share of the run that is over when the last stage begins.
    private var fittingFrom = 0.0

    /// What validation found.
    struct Choice {
        var epochs: Int
        var scheduledEpochs: Double
        var recall: Double
    }

    /// Part of the time limit that validation may take: the final fit has more events and no early stop.
    private static let validationPart = 0.4
    /// Fewer queries say nothing.
    private static let minimumQueries = 20

    init(
        log: TrainingLog, histories: Histories, features: VocabularyBuilder, layout: TowerLayout,
        settings: TrainingSettings, clock: TrainingClock
    ) {
        self.log = log
        self.histories = histories
        self.features = features
        self.layout = layout
        self.settings = settings
        self.clock = clock
    }

    /// Trains on the earlier events and returns the best number of epochs on the later ones; nil if there is too little to judge.
    mutating func chooseEpochs(_ progress: (TrainingProgress) -> Void) throws(TrainingError) -> Choice? {
        guard settings.validationShare > 0 else { return nil }
        let times = log.entries.map(\.time).sorted()
        let start = times[min(times.count - 1, Int(Double(times.count) * (1 - settings.validationShare)))]
        let earlier = Histories(log, before: start)
        let validation = Validation(
            histories: histories, start: start, trained: earlier.itemCounts(layout.shape.items), layout: layout,
            bags: features.bags,
            seed: settings.seed)
        guard validation.queries >= Self.minimumQueries, earlier.isRepeat.contains(false), earlier.eventCount > 1 else {
            return nil
        }
        report(.preparing, epoch: 0, 0, nil, nil, progress)
        let fit = try Fit(
            earlier, layout: layout, bags: features.bags, settings: settings, scheduledEpochs: Double(settings.epochs),
            deadline: settings.timeLimit.map { $0 * Self.validationPart })
        fittingFrom = Self.validationPart
        var best = Choice(epochs: 0, scheduledEpochs: 0, recall: validation.recall(fit.parameters))
        var latest = best.recall
        for epoch in 0..<settings.epochs {
            let goesOn = try fit.epoch(epoch, clock: clock) { loss, fraction in
                report(.validating, epoch: epoch + 1, fraction * Self.validationPart, loss, latest, progress)
            }
            latest = validation.recall(fit.parameters)
            best.scheduledEpochs = fit.scheduledEpochs
            // Of equals the later: where recall is at its limit, the order within the ten still improves.
            if latest >= best.recall { (best.recall, best.epochs) = (latest, epoch + 1) }
            if !goesOn || epoch + 1 - best.epochs >= settings.patience { break }
        }
        // Cut short by the time limit while recall still rose: the fit on everything may use all the time that is left.
        if Double(best.epochs) >= best.scheduledEpochs {
            (best.epochs, best.scheduledEpochs) = (settings.epochs, Double(settings.epochs))
        }
        return best
    }

    /// Trains on everything, for the chosen number of epochs or all of them.
    mutating func fitAll(_ choice: Choice?, _ progress: (TrainingProgress) -> Void) throws(TrainingError) -> Fit {
        report(.preparing, epoch: 0, fittingFrom, nil, choice?.recall, progress)
        let fit = try Fit(
            histories, layout: layout, bags: features.bags, settings: settings,
            scheduledEpochs: choice?.scheduledEpochs ?? Double(settings.epochs), deadline: settings.timeLimit)
        let epochs = choice?.epochs ?? settings.epochs
        for epoch in 0..<epochs {
            let goesOn = try fit.epoch(epoch, clock: clock) { loss, fraction in
                let done = min(1, fraction * max(1, fit.scheduledEpochs / Double(epochs)))
                report(
                    .fitting, epoch: epoch + 1, fittingFrom + done * (1 - fittingFrom), loss, choice?.recall, progress)
            }
            epochsDone = epoch + 1
            if !goesOn { break }
        }
        return fit
    }

    private func report(
        _ stage: TrainingProgress.Stage, epoch: Int, _ fraction: Double, _ loss: Double?, _ recall: Double?,
        _ progress: (TrainingProgress) -> Void
    ) {
        let elapsed = clock.elapsed
        progress(
            TrainingProgress(
                stage: stage, epoch: epoch, fraction: fraction, loss: loss, recall: recall, elapsed: elapsed,
                remaining: fraction > 0.01 ? elapsed * (1 - fraction) / fraction : nil))
    }
}
