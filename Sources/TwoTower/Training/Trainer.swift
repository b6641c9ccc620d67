import Bytes
import Commerce
import Foundation
import LinearAlgebra

/// Fits the two-tower model to a log of events and a catalogue.
public enum Trainer {
    /// Trains and returns the checkpoint, without writing it.
    ///
    /// First settings and the number of epochs are found: training without the held-out events, recall on them. Then the
    /// constants of the channels, on the same events. Then a model is trained on everything with what was chosen. Blocks the
    /// calling thread and keeps two cores busy.
    ///
    /// From a checkpoint it is a refresh: sizes, dropout and the channels' constants are the checkpoint's, and what it knows
    /// is where training starts. The number of epochs, at most `refreshEpochs` and maybe none, is found on the later half of
    /// the events that are newer than the checkpoint; with too few of them there is none.
    ///
    /// - Parameters:
    ///   - catalogue: features of items; of two records of one item the later counts. Items without a record live by their ID.
    ///   - checkpoint: what to start from; nil starts from nothing. `log` and `catalogue` are whole all the same: what they no
    ///     longer hold is forgotten.
    ///   - unfinished: keeps the run while it lasts. A run that it holds is gone on with if it is of the same data and
    ///     settings, and gives the parameters that it would have given uninterrupted. It is the caller's to remove.
    ///   - progress: called often, on the calling thread.
    ///   - notice: takes a sentence for the user, where there is something to say.
    public static func train(
        _ log: TrainingLog, catalogue: [CatalogueItem] = [], settings: TrainingSettings = TrainingSettings(),
        from checkpoint: Checkpoint? = nil, keeping unfinished: UnfinishedTraining? = nil,
        progress: (TrainingProgress) -> Void = { _ in },
        notice: @escaping (String) -> Void = { _ in }
    ) throws(TrainingError) -> Checkpoint {
        let faults = settings.faults
        guard faults.isEmpty else { throw TrainingError(.badSettings, faults.joined(separator: "; ")) }
        let settings = if let checkpoint { try settings.starting(from: checkpoint) } else { settings }
        Blas.useCallingThreadOnly()
        let histories = Histories(log)
        try check(log, histories)
        let features = try VocabularyBuilder(items: log.items, catalogue: catalogue, settings: settings)
        let start: WarmStart? =
            if let checkpoint {
                try WarmStart(
                    checkpoint, items: log.items, tokens: features.vocabulary.tokens,
                    attributes: histories.attributes.tokens)
            } else { nil }
        if let forgotten = start?.notice { notice(forgotten) }
        let identity = UnfinishedTraining.Identity(
            dataDigest: try digest(log, features), settings: settings, startedFrom: start?.model.version)
        var run = TrainingRun(
            histories: histories, items: log.itemCount, features: features, settings: settings, start: start,
            keep: { unfinished?.keep($0, of: identity, notice) })
        if let state = unfinished?.resume(identity, shape: run.shape, notice) { run.goOn(from: state) }
        let result = try run.train(progress)
        let facts = TrainingFacts(
            seed: settings.seed, dataDigest: identity.dataDigest, events: log.count, shoppers: log.shopperCount,
            epochs: result.epochs, recallAt10: result.recall,
            settings: settings.record(dimension: result.layout.shape.dimension, dropout: result.dropout),
            startedFrom: start?.model.version, towersUntil: result.towersUntil)
        let vectors = ItemEncoder(layout: result.layout, parameters: result.parameters).encodeKnown(features.bags)
        do throws(CheckpointError) {
            return try Checkpoint(
                layout: result.layout, parameters: result.parameters, itemVectors: vectors,
                audience: Audience.vectors(
                    of: histories, items: vectors, layout: result.layout, parameters: result.parameters,
                    seed: settings.seed),
                items: log.items.map(\.rawValue), vocabulary: features.vocabulary, attributes: histories.attributes,
                channels: result.channels, facts: facts, curve: run.state.curve)
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
        do { return try ContentDigest.hex([events.bytes, names.bytes, values.bytes].map { Data($0) }) } catch {
            throw TrainingError(.checkpoint, error.description)
        }
    }
}
