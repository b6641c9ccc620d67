import LinearAlgebra
import TwoTower

/// The users of some queries as a model whose items stay where they are sees them: all that a search for their lists takes in.
package struct QueryUsers: Sendable {
    /// [queries, d]: each user's vector before the query's event.
    package let vectors: [Float]
    /// Per query the model's rows of the user's last items, as the sparse channel takes them.
    package let lastRows: [[Int?]]

    /// Steps through the histories of the queries' users.
    ///
    /// - Parameter queries: in order of the log.
    /// - Throws: `EvaluationError` where a supplied vector of the catalogue does not fit the model.
    package init(of queries: [Query], in log: EvaluationLog, by model: Model) throws(EvaluationError) {
        Blas.useCallingThreadOnly()
        let items = try TowerItems(model, log)
        let vectors = FloatBuffer(count: queries.count * model.dimension)
        StateWalker(model, log, items).read(
            queries.map { StateWalker.Moment(user: $0.user, position: $0.historyLength) }, into: vectors)
        self.vectors = Array(vectors.values)
        lastRows = queries.map { items.lastRows(of: $0.user, before: $0.historyLength, log) }
    }
}
