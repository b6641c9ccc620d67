import Foundation
import LinearAlgebra

/// Cross-entropy of the next item under a softmax over cosine scores times a learned factor, with its gradient.
///
/// For users y [n, d], unit item vectors v [m, d], target t(r) and s = exp(logScale):
///
///     u = y / |y|     l(r, j) = s · u(r) · v(j) - log q(j)     loss = Σr log Σj exp l(r, j) - l(r, t(r))
///
/// q(j) is the chance of item j to be among sampled negatives (sampled softmax, Bengio & Senécal 2008); it is left out for
/// the target itself, and where all items take part it is 1.
package final class SoftmaxLoss {
    /// Rows that go through the softmax together: their logits stay within the last-level cache.
    private static let block = 64

    private let dimension: Int
    private let units: FloatBuffer
    private let unitGradients: FloatBuffer
    private var logits = FloatBuffer(count: 0)

    package init(dimension: Int) {
        self.dimension = dimension
        units = FloatBuffer(count: Self.block * dimension)
        unitGradients = FloatBuffer(count: Self.block * dimension)
    }

    /// Adds up loss and gradients.
    ///
    /// - Parameters:
    ///   - users: [positions, d]; `rows` names those that have a target.
    ///   - targets: for each of `rows`, the target's row in `items`.
    ///   - logChances: [m] log q, +infinity for items that are targets only; nil where all items take part.
    ///   - share: the factor on every row's loss and gradient, usually 1 / targets of the whole batch.
    ///   - userGradients: [positions, d]; the rows named by `rows` are overwritten.
    ///   - itemGradients: [m, d]; added to.
    /// - Returns: the loss, and its gradient by `logScale`.
    package func accumulate(
        users: MatrixView<Float>, rows: [Int32], targets: [Int32], items: MatrixView<Float>,
        logChances: UnsafeBufferPointer<Float>?, logScale: Float,
        share: Float, userGradients: MatrixView<Float>, itemGradients: MatrixView<Float>
    ) -> (loss: Double, logScaleGradient: Double) {
        let scale = exp(logScale)
        if logits.count < Self.block * items.rows { logits = FloatBuffer(count: Self.block * items.rows) }
        var loss = 0.0
        var scaleGradient = 0.0
        var lengths = [Float](repeating: 0, count: Self.block)
        for start in stride(from: 0, to: rows.count, by: Self.block) {
            let count = min(Self.block, rows.count - start)
            let unit = MatrixView(units.pointer, rows: count, columns: dimension)
            for index in 0..<count {
                let source = users.pointer + Int(rows[start + index]) * dimension
                let length = max(RowMath.dot(source, source, dimension).squareRoot(), 1e-12)
                lengths[index] = length
                for column in 0..<dimension { unit.pointer[index * dimension + column] = source[column] / length }
            }
            let scores = MatrixView(logits.pointer, rows: count, columns: items.rows)
            Blas.multiply(unit, .plain, items, .transposed, into: scores, scale: scale)
            for index in 0..<count {
                let row = UnsafeMutableBufferPointer(start: scores.pointer + index * items.rows, count: items.rows)
                loss += Self.softmax(row, target: Int(targets[start + index]), logChances, share: share)
            }
            // Here `scores` holds the gradient by the logits.
            Blas.multiply(scores, .transposed, unit, into: itemGradients, scale: scale, accumulate: true)
            let gradient = MatrixView(unitGradients.pointer, rows: count, columns: dimension)
            Blas.multiply(scores, .plain, items, into: gradient, scale: scale)
            // Σ gradient · logit over a row is the unit vector's product with its own gradient.
            for index in 0..<count * dimension {
                scaleGradient += Double(unit.pointer[index] * gradient.pointer[index])
            }
            for index in 0..<count {
                let target = userGradients.pointer + Int(rows[start + index]) * dimension
                RowMath.normaliseBackward(
                    unit: unit.pointer + index * dimension, length: lengths[index],
                    gradient: gradient.pointer + index * dimension, into: target, count: dimension)
            }
        }
        return (loss, scaleGradient)
    }

    /// Replaces one row of scores by the gradient of share · loss; returns share · loss.
    private static func softmax(
        _ row: UnsafeMutableBufferPointer<Float>, target: Int, _ logChances: UnsafeBufferPointer<Float>?, share: Float
    ) -> Double {
        let targetScore = row[target]
        if let logChances {
            for index in row.indices { row[index] -= logChances[index] }
            row[target] = targetScore
        }
        let largest = RowMath.maximum(row)
        for index in row.indices { row[index] -= largest }
        RowMath.exponential(row)
        let sum = RowMath.sum(row)
        let factor = share / sum
        for index in row.indices { row[index] *= factor }
        row[target] -= share
        return Double(log(sum) + largest - targetScore) * Double(share)
    }
}
