import Commerce
import Datasets
import Foundation
import TwoTower

/// Reads a shop's files and fits the towers to them.
public struct TrainingJob: Sendable {
    /// The log of events.
    public var events: InputTable
    /// The catalogue; without one items live by their identifiers alone.
    public var items: InputTable?
    /// Only events before this time are trained on; nil takes all.
    public var until: EventTime?
    public var settings: TrainingSettings
    /// Folder of the checkpoint that training starts from; nil starts from nothing.
    public var start: String?

    /// Describes the work; nothing is read yet.
    public init(
        events: InputTable, items: InputTable? = nil, until: EventTime? = nil,
        settings: TrainingSettings = TrainingSettings(), from start: String? = nil
    ) {
        self.events = events
        self.items = items
        self.until = until
        self.settings = settings
        self.start = start
    }

    /// Where the work stands.
    public enum Step: Sendable {
        case reading(InputTable.Progress)
        case training(TrainingProgress)
    }

    /// What came of it.
    public struct Outcome: Sendable {
        /// Not written yet: `checkpoint.save` does that.
        public var checkpoint: Checkpoint
        /// Events that were not before `until`.
        public var laterEvents: Int
        /// Catalogue records read.
        public var items: Int
    }

    /// Reads, then trains. Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - progress: called often, on the calling thread.
    ///   - refused: called after each file has been read, if rows of it were refused; the work goes on.
    ///   - unfinished: keeps the training while it lasts, and is gone on with; see `Trainer.train`.
    ///   - notice: takes a sentence for the user.
    /// - Throws: `FileFault`, `DatasetFault`, `TrainingError`, `CheckpointError`.
    public func run(
        keeping unfinished: UnfinishedTraining? = nil, progress: (Step) -> Void = { _ in },
        refused: (RefusedRows) -> Void = { _ in }, notice: @escaping (String) -> Void = { _ in }
    ) throws -> Outcome {
        let checkpoint = try start.map { try Checkpoint(directory: URL(fileURLWithPath: $0, isDirectory: true)) }
        var catalogue: [CatalogueItem] = []
        if let items {
            var bad = RefusedRows(path: items.path)
            try items.read(
                DatasetReader.catalogue, progress: { progress(.reading($0)) }, refuse: { bad.add($0) },
                body: { catalogue.append($1) })
            if bad.count > 0 { refused(bad) }
        }
        var log = TrainingLog()
        var later = 0
        var bad = RefusedRows(path: events.path)
        try events.read(
            DatasetReader.events, progress: { progress(.reading($0)) }, refuse: { bad.add($0) },
            body: { _, event in
                if let until, event.time >= until { later += 1 } else { log.append(event) }
            })
        if bad.count > 0 { refused(bad) }
        var latest: TrainingProgress?
        let trained = try Trainer.train(
            log, catalogue: catalogue, settings: settings, from: checkpoint, keeping: unfinished,
            progress: {
                latest = $0
                progress(.training($0))
            }, notice: notice)
        if var end = latest {  // validation may have found fewer epochs to do than were expected
            end.fraction = 1
            progress(.training(end))
        }
        return Outcome(checkpoint: trained, laterEvents: later, items: catalogue.count)
    }
}
