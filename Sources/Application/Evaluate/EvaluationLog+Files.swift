import Datasets
import Evaluation

extension EvaluationLog {
    /// Reads a shop's files.
    ///
    /// - Parameters:
    ///   - items: the catalogue; nil for a shop without one.
    ///   - progress: called often.
    ///   - refused: called after each file has been read, if rows of it were refused; the reading goes on.
    /// - Throws: `FileFault`, `DatasetFault`, `EvaluationError`.
    init(
        events: InputTable, items: InputTable?, progress: (InputTable.Progress) -> Void,
        refused: (RefusedRows) -> Void
    ) throws {
        var builder = EvaluationLogBuilder()
        if let items {
            var bad = RefusedRows(path: items.path)
            try items.read(
                DatasetReader.catalogue, progress: progress, refuse: { bad.add($0) },
                body: { builder.append($1) })
            if bad.count > 0 { refused(bad) }
        }
        var bad = RefusedRows(path: events.path)
        try events.read(
            DatasetReader.events, progress: progress, refuse: { bad.add($0) }, body: { builder.append($1) })
        if bad.count > 0 { refused(bad) }
        self = try builder.build()
    }
}
