import LinearAlgebra
import Synchronization
import TwoTower

/// What implicit-feedback ALS is trained with.
public struct ALSSettings: Sendable, Equatable {
    /// d: length of the factors.
    public var factors: Int
    /// Confidence per count of an interaction; at least 1.
    public var alpha: Double
    /// λ, on every row alike.
    public var regularisation: Double
    /// Passes over both sides.
    public var iterations: Int
    /// Of the random start.
    public var seed: UInt64

    public init(factors: Int, alpha: Double, regularisation: Double, iterations: Int = 15, seed: UInt64 = 1) {
        self.factors = factors
        self.alpha = alpha
        self.regularisation = regularisation
        self.iterations = iterations
        self.seed = seed
    }
}

/// Item factors by alternating least squares, each side solved exactly given the other.
package struct ImplicitFactors {
    /// [items, d]
    package let items: FloatBuffer
    /// The problem whose solution given these factors is a user: what folds users in.
    package let solver: FactorSolver

    /// - Throws: `EvaluationError` if the factors overflow.
    package init(_ users: InteractionMatrix, items count: Int, settings: ALSSettings) throws(EvaluationError) {
        Blas.useCallingThreadOnly()
        let width = settings.factors
        let byItem = users.transposed(columns: count)
        let items = Self.start(count: count * width, seed: settings.seed)
        let people = FloatBuffer(count: users.rows * width)
        func solver(_ factors: FloatBuffer, rows: Int) throws(EvaluationError) -> FactorSolver {
            guard
                let solver = FactorSolver(
                    factors: factors, rows: rows, width: width, alpha: settings.alpha,
                    regularisation: settings.regularisation)
            else { throw Self.overflow(settings) }
            return solver
        }
        for _ in 0..<settings.iterations {
            guard try Self.solveAll(users, solver(items, rows: count), into: people),
                try Self.solveAll(byItem, solver(people, rows: users.rows), into: items)
            else { throw Self.overflow(settings) }
        }
        self.items = items
        self.solver = try solver(items, rows: count)
    }

    /// The library's start: uniform in 0 ..< 0.01.
    package static func start(count: Int, seed: UInt64) -> FloatBuffer {
        var generator = SplitMix64(seed: seed)
        let factors = FloatBuffer(count: count)
        for index in 0..<count { factors.pointer[index] = Float(generator.uniform() * 0.01) }
        return factors
    }

    private static func overflow(_ settings: ALSSettings) -> EvaluationError {
        EvaluationError(
            "ALS with alpha \(settings.alpha) and regularisation \(settings.regularisation) leaves the range of "
                + "numbers: a smaller alpha or a larger regularisation helps")
    }

    /// Every row's solution. The threads take the rows in small portions, so that an uneven log keeps them all busy; which
    /// thread solves a row changes nothing in it.
    private static func solveAll(_ met: InteractionMatrix, _ solver: FactorSolver, into x: FloatBuffer) -> Bool {
        let longest = (0..<met.rows).reduce(0) { max($0, met.starts[$1 + 1] - met.starts[$1]) }
        let next = Atomic(0)
        let failures = Atomic(0)
        let portion = 64
        Parallel.pieces { _ in
            let width = solver.width
            let scratch = FactorSolver.Scratch(width: width, columns: longest)
            let solved = FloatBuffer(count: portion * width)
            while true {
                let first = next.wrappingAdd(portion, ordering: .relaxed).oldValue
                guard first < met.rows else { break }
                let rows = first..<min(first + portion, met.rows)
                for (place, row) in rows.enumerated()
                where !solver.solve(met, row: row, scratch: scratch, into: solved.pointer + place * width) {
                    failures.wrappingAdd(1, ordering: .relaxed)
                }
                solver.unwhiten(
                    MatrixView(solved.pointer, rows: rows.count, columns: width), into: x.pointer + first * width)
            }
        }
        return failures.load(ordering: .relaxed) == 0
    }
}
