import LinearAlgebra

/// Streams a log through a method and ranks its answers.
public enum Runner {
    /// Queries that are scored together.
    public static let batch = 64

    /// One pass over the log up to the split's last query.
    ///
    /// Which items are in a list and at which rank depends on the method's scores alone: the history is taken out and ties
    /// are decided here, equally for all.
    ///
    /// - Parameter progress: called now and then with the number of events done, and once at the end with all of them.
    /// - Returns: the answers in order of the split's queries.
    public static func run(
        _ method: some Recommender, on log: EvaluationLog, _ split: Split, progress: (Int) -> Void = { _ in }
    ) -> [QueryResult] {
        Blas.useCallingThreadOnly()
        let items = log.items.count
        let scores = FloatBuffer(count: batch * items)
        let desk = RankingDesk(log: log)
        var pending: [Query] = []
        var results: [QueryResult] = []
        results.reserveCapacity(split.queries.count)
        var asked = split.queries[...]
        func answer() {
            guard !pending.isEmpty else { return }
            method.score(into: MatrixView(scores.pointer, rows: pending.count, columns: items))
            results += desk.rank(pending, scores)
            pending.removeAll(keepingCapacity: true)
        }
        for row in 0..<log.count {
            guard let query = asked.first else { break }
            let event = log[row]
            if query.row == row {
                method.ask(query, slot: pending.count)
                pending.append(query)
                asked.removeFirst()
            }
            if split.roles[row] != .withheld { method.observe(event, role: split.roles[row]) }
            if pending.count == batch {
                answer()
                progress(row)
            } else if row % 10_000 == 0 {
                progress(row)
            }
        }
        answer()
        progress(log.count)
        return results
    }
}

/// Ranks batches on all cores: every piece has a ranker of its own, and no answer depends on which.
private final class RankingDesk: @unchecked Sendable {
    // Unchecked: in a parallel loop a piece touches its own ranker and its own answers alone.
    private let log: EvaluationLog
    private var rankers = [Ranker](repeating: Ranker(), count: Parallel.pieces)
    private var answers = [[QueryResult]](repeating: [], count: Parallel.pieces)

    init(log: EvaluationLog) { self.log = log }

    func rank(_ queries: [Query], _ scores: FloatBuffer) -> [QueryResult] {
        let items = log.items.count
        rankers.withUnsafeMutableBufferPointer { rankers in
            answers.withUnsafeMutableBufferPointer { answers in
                let (rankers, answers) = (Shared(rankers), Shared(answers))
                Parallel.ranges(of: queries.count) { piece, range in
                    answers.elements[piece] = range.map { index in
                        let query = queries[index]
                        let history = Set(
                            log.events(of: query.user).prefix(query.historyLength).map { log.item(at: $0) })
                        let row = UnsafeMutableBufferPointer(start: scores.pointer + index * items, count: items)
                        let (rank, top) = rankers.elements[piece].rank(row, target: query.target, history: history)
                        return QueryResult(query: query, rank: rank, top: top)
                    }
                }
            }
        }
        return answers.flatMap { $0 }
    }

    private struct Shared<Element>: @unchecked Sendable {
        // Unchecked: see above.
        let elements: UnsafeMutableBufferPointer<Element>

        init(_ elements: UnsafeMutableBufferPointer<Element>) { self.elements = elements }
    }
}
