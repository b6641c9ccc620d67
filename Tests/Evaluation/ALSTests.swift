import Evaluation
import LinearAlgebra
import Testing

/// Implicit ALS against the normal equations, written out densely in double precision and solved by elimination.
@Suite("ALS")
struct ALSTests {
    /// x of (YᵀY + λI + Σ (c - 1) y yᵀ) x = Σ c y over the counts of one row.
    static func naive(_ y: [[Double]], _ counts: [Int: Double], alpha: Double, lambda: Double) -> [Double] {
        let d = y[0].count
        var a = (0..<d).map { i in
            (0..<d).map { j in y.reduce(i == j ? lambda : 0) { $0 + $1[i] * $1[j] } }
        }
        var b = [Double](repeating: 0, count: d)
        for (column, count) in counts {
            for i in 0..<d {
                b[i] += alpha * count * y[column][i]
                for j in 0..<d { a[i][j] += (alpha * count - 1) * y[column][i] * y[column][j] }
            }
        }
        for pivot in 0..<d {
            for row in 0..<d where row != pivot {
                let factor = a[row][pivot] / a[pivot][pivot]
                for column in pivot..<d { a[row][column] -= factor * a[pivot][column] }
                b[row] -= factor * b[pivot]
            }
        }
        return (0..<d).map { b[$0] / a[$0][$0] }
    }

    static func rows(_ buffer: FloatBuffer, width: Int) -> [[Double]] {
        (0..<buffer.count / width).map { row in (0..<width).map { Double(buffer.pointer[row * width + $0]) } }
    }

    static func counts(_ matrix: InteractionMatrix, _ row: Int) -> [Int: Double] {
        Dictionary(
            uniqueKeysWithValues: (matrix.starts[row]..<matrix.starts[row + 1]).map {
                (Int(matrix.columns[$0]), Double(matrix.counts[$0]))
            })
    }

    @Test(
        "One row, by the dual problem and directly", arguments: [0, 1, 3, 15, 16, 40],
        [(alpha: 1.0, lambda: 0.1), (alpha: 20, lambda: 1), (alpha: 500, lambda: 0.01)])
    func row(met: Int, settings: (alpha: Double, lambda: Double)) throws {
        let (width, count) = (16, 60)
        var generator = SeededGenerator(seed: UInt64(met))
        let factors = FloatBuffer(count: count * width)
        for index in 0..<factors.count { factors.pointer[index] = .random(in: -1...1, using: &generator) }
        let items = Array((0..<Int32(count)).shuffled(using: &generator).prefix(met))
        let matrix = InteractionMatrix(row: items + items.prefix(2))
        let solver = try #require(
            FactorSolver(
                factors: factors, rows: count, width: width, alpha: settings.alpha, regularisation: settings.lambda))
        let (t, x) = (FloatBuffer(count: width), FloatBuffer(count: width))
        let scratch = FactorSolver.Scratch(width: width, columns: met)
        #expect(solver.solve(matrix, row: 0, scratch: scratch, into: t.pointer))
        solver.unwhiten(MatrixView(t.pointer, rows: 1, columns: width), into: x.pointer)
        let expected = Self.naive(
            Self.rows(factors, width: width), Self.counts(matrix, 0), alpha: settings.alpha, lambda: settings.lambda)
        // Solutions are of order 1; single precision loses some digits to the condition of the problem.
        for (value, reference) in zip(x.values, expected) { #expect(abs(Double(value) - reference) < 2e-4) }
    }

    @Test("Three passes over a small shop")
    func passes() throws {
        let log = try randomLog(users: 25, events: 12, items: 40, seed: 1)
        let split = try Split(log, .streaming, .test)
        let users = InteractionMatrix(log, split)
        let items = users.transposed(columns: log.items.count)
        #expect(users.counts.reduce(0, +) == Float(split.roles.count { $0 == .training }))
        #expect(
            Self.counts(items, 3)
                == Dictionary(
                    uniqueKeysWithValues: (0..<users.rows).compactMap { user in
                        Self.counts(users, user)[3].map { (user, $0) }
                    }))
        let settings = ALSSettings(factors: 16, alpha: 10, regularisation: 2, iterations: 3, seed: 4)
        let model = try ImplicitFactors(users, items: log.items.count, settings: settings)
        var y = Self.rows(ImplicitFactors.start(count: log.items.count * 16, seed: 4), width: 16)
        for _ in 0..<3 {
            let x = (0..<users.rows).map { Self.naive(y, Self.counts(users, $0), alpha: 10, lambda: 2) }
            y = (0..<items.rows).map { Self.naive(x, Self.counts(items, $0), alpha: 10, lambda: 2) }
        }
        for (row, expected) in zip(Self.rows(model.items, width: 16), y) {
            for (value, reference) in zip(row, expected) { #expect(abs(value - reference) < 1e-3) }
        }
    }

    @Test("Users are folded in from all that came before the query; items without training have no score")
    func folding() throws {
        let log = try randomLog(users: 30, events: 20, items: 50, seed: 2)
        let split = try Split(log, .streaming, .test)
        let settings = ALSSettings(factors: 16, alpha: 10, regularisation: 2, iterations: 2)
        let method = try ALSRecommender(log, split, settings: settings)
        let model = try ImplicitFactors(InteractionMatrix(log, split), items: log.items.count, settings: settings)
        let y = Self.rows(model.items, width: 16)
        let queries = Array(split.queries.prefix(5))
        let scores = FloatBuffer(count: queries.count * log.items.count)
        for (slot, query) in queries.enumerated() { method.ask(query, slot: slot) }
        method.score(into: MatrixView(scores.pointer, rows: queries.count, columns: log.items.count))
        for (slot, query) in queries.enumerated() {
            let history = log.events(of: query.user).prefix(query.historyLength).map { Int(log.item(at: $0)) }
            let counts = history.reduce(into: [Int: Double]()) { $0[$1, default: 0] += 1 }
            let user = Self.naive(y, counts, alpha: 10, lambda: 2)
            for item in log.items.indices {
                let score = scores.pointer[slot * log.items.count + item]
                if split.trainingCounts[item] == 0 {
                    #expect(score == -.infinity)
                } else {
                    #expect(abs(Double(score) - zip(user, y[item]).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-3)
                }
            }
        }
    }
}
