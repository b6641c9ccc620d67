import LinearAlgebra

/// Implicit-feedback ALS: items as trained, each user folded in at query time from all of the history until then.
public final class ALSRecommender: Recommender, @unchecked Sendable {
    // Unchecked: in a parallel loop each slot's user vector and scores are written by one thread.
    private let log: EvaluationLog
    private let model: ImplicitFactors
    private let width: Int
    private let untrained: [Int32]
    private let users: FloatBuffer
    private var histories: [InteractionMatrix] = []

    /// Trains on the split's training events.
    /// - Throws: `EvaluationError` if the factors overflow.
    public init(_ log: EvaluationLog, _ split: Split, settings: ALSSettings) throws(EvaluationError) {
        self.log = log
        width = settings.factors
        model = try ImplicitFactors(InteractionMatrix(log, split), items: log.items.count, settings: settings)
        untrained = split.trainingCounts.indices.filter { split.trainingCounts[$0] == 0 }.map(Int32.init)
        users = FloatBuffer(count: Runner.batch * width)
    }

    public func observe(_ event: LogEvent, role: Split.Role) {}

    public func ask(_ query: Query, slot: Int) {
        let events = log.events(of: query.user).prefix(query.historyLength)
        histories.append(InteractionMatrix(row: events.map { log.item(at: $0) }))
    }

    public func score(into scores: MatrixView<Float>) {
        let longest = histories.reduce(0) { max($0, $1.columns.count) }
        Parallel.ranges(of: scores.rows) { _, range in
            let scratch = FactorSolver.Scratch(width: width, columns: longest)
            for slot in range {
                let vector = users.pointer + slot * width
                if !model.solver.solve(histories[slot], row: 0, scratch: scratch, into: vector) {
                    vector.update(repeating: .nan, count: width)
                }
            }
        }
        DenseScores.fill(scores, users: users, items: model.solver.whitened, width: width)
        for slot in 0..<scores.rows {
            for item in untrained { scores.pointer[slot * scores.columns + Int(item)] = -.infinity }
        }
        histories.removeAll(keepingCapacity: true)
    }
}

/// Scores that are dot products.
enum DenseScores {
    /// scores [slots, items] = users [slots, width] · items [items, width]ᵀ, on all cores.
    static func fill(_ scores: MatrixView<Float>, users: FloatBuffer, items: FloatBuffer, width: Int) {
        let target = Target(view: scores)
        Parallel.ranges(of: scores.rows) { _, range in
            let scores = target.view
            Blas.multiply(
                MatrixView(users.pointer + range.lowerBound * width, rows: range.count, columns: width), .plain,
                MatrixView(items.pointer, rows: scores.columns, columns: width), .transposed,
                into: scores.slice(from: range.lowerBound, count: range.count))
        }
    }

    private struct Target: @unchecked Sendable {
        // Unchecked: each piece of the loop writes rows of its own.
        let view: MatrixView<Float>
    }
}
