import LinearAlgebra
import TwoTower

/// Sums of per-user figures over resamples of the users (Efron 1979): queries of one user hang together, so users are what
/// is drawn.
///
/// How often each user is drawn depends on the seed and the number of users alone, so figures of two methods on the same
/// queries are paired resample by resample.
struct Bootstrap {
    /// Number of resamples.
    static let resamples = 1000
    private static let block = 50

    let seed: UInt64

    /// [resamples, columns], row-major: the sums over each resample of `figures` [users, columns].
    func sums(of figures: [Float], columns: Int) -> [Float] {
        let users = columns > 0 ? figures.count / columns : 0
        var result = [Float](repeating: 0, count: Self.resamples * columns)
        guard users > 0 else { return result }
        forEachBlock(users: users) { first, draws in
            // A resample's sum is its row of draws times the figures: one matrix product for all.
            draws.withUnsafeBufferPointer { draws in
                figures.withUnsafeBufferPointer { figures in
                    result.withUnsafeMutableBufferPointer { result in
                        guard let d = draws.baseAddress, let f = figures.baseAddress, let r = result.baseAddress else {
                            return
                        }
                        Blas.multiply(
                            MatrixView(reading: d, rows: Self.block, columns: users),
                            .plain, MatrixView(reading: f, rows: users, columns: columns),
                            into: MatrixView(r + first * columns, rows: Self.block, columns: columns))
                    }
                }
            }
        }
        return result
    }

    /// Calls `body` with resample and whether each user is in it.
    func forEachResample(users: Int, _ body: (Int, ArraySlice<Float>) -> Void) {
        guard users > 0 else { return }
        forEachBlock(users: users) { first, draws in
            for row in 0..<Self.block { body(first + row, draws[row * users..<(row + 1) * users]) }
        }
    }

    /// Calls `body` with the first resample of a block and how often each draws each user: [block, users].
    private func forEachBlock(users: Int, _ body: (Int, [Float]) -> Void) {
        var generator = SplitMix64(seed: seed)
        var draws = [Float](repeating: 0, count: Self.block * users)
        for first in stride(from: 0, to: Self.resamples, by: Self.block) {
            for index in draws.indices { draws[index] = 0 }
            for row in 0..<Self.block {
                for _ in 0..<users { draws[row * users + generator.below(users)] += 1 }
            }
            body(first, draws)
        }
    }

    /// The 2.5% and 97.5% percentiles.
    static func interval(_ values: [Double]) -> (low: Double, high: Double) {
        let sorted = values.filter { !$0.isNaN }.sorted()
        guard let last = sorted.last else { return (.nan, .nan) }
        func percentile(_ share: Double) -> Double {
            let place = share * Double(sorted.count - 1)
            let index = Int(place)
            guard index + 1 < sorted.count else { return last }
            let (left, right) = (sorted[index], sorted[index + 1])
            return left == right ? left : left + (right - left) * (place - Double(index))
        }
        return (percentile(0.025), percentile(0.975))
    }
}
