import Commerce
import Foundation
import LinearAlgebra

/// Working memory for one step.
public final class StepScratch {
    let stream: FloatBuffer
    let normed: FloatBuffer
    let gates: FloatBuffer
    let hidden: FloatBuffer

    init(_ shape: TowerShape) {
        stream = FloatBuffer(count: shape.dimension)
        normed = FloatBuffer(count: shape.dimension)
        gates = FloatBuffer(count: 3 * shape.dimension)
        hidden = FloatBuffer(count: shape.hidden)
    }
}

/// The sequence tower's step. Per block, on a residual stream x that starts as √d · item + action + gap:
///
///     z = rms(x) ⊙ gain          f = σ(Wf z + bf)   c = Wc z + bc   o = silu(Wo z + bo)
///     h = f ⊙ h + (1 - f) ⊙ c    x = x + M (o ⊙ h)
///     z = rms(x) ⊙ gain          x = x + D silu(U z + u) + d
///
/// The state is every block's h and the last x, so that the readout needs nothing else.
package struct ServingTower: Sendable {
    let layout: TowerLayout
    let parameters: FloatBuffer

    /// Keeps the norm of a zero vector finite.
    static let epsilon: Float = 1e-6

    func pointer(_ tensor: Tensor) -> UnsafePointer<Float> { UnsafePointer(parameters.pointer + tensor.offset) }

    func step(state: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, action: Int, gap: Int, scratch: StepScratch) {
        let d = layout.shape.dimension
        let x = scratch.stream.pointer
        let z = scratch.normed.pointer
        let gates = scratch.gates.pointer
        let hidden = scratch.hidden.pointer
        let scale = Float(d).squareRoot()
        let actionRow = pointer(layout.actionEmbedding) + action * d
        let gapRow = pointer(layout.gapEmbedding) + gap * d
        for i in 0..<d { x[i] = input[i] * scale + actionRow[i] + gapRow[i] }
        for (index, block) in layout.blocks.enumerated() {
            let h = state + index * d
            normed(x, gain: pointer(block.gateNorm), into: z)
            affine(z, weights: block.gates, bias: block.gatesBias, into: gates)
            for i in 0..<d {
                let forget = sigmoid(gates[i])
                h[i] = forget * h[i] + (1 - forget) * gates[d + i]
                gates[i] = gates[2 * d + i] * sigmoid(gates[2 * d + i]) * h[i]
            }
            affine(gates, weights: block.mix, bias: nil, into: z)
            for i in 0..<d { x[i] += z[i] }
            normed(x, gain: pointer(block.feedNorm), into: z)
            affine(z, weights: block.feedUp, bias: block.feedUpBias, into: hidden)
            for i in 0..<layout.shape.hidden { hidden[i] *= sigmoid(hidden[i]) }
            affine(hidden, weights: block.feedDown, bias: block.feedDownBias, into: z)
            for i in 0..<d { x[i] += z[i] }
        }
        (state + layout.blocks.count * d).update(from: x, count: d)
    }

    func readout(state: UnsafePointer<Float>, into vector: UnsafeMutablePointer<Float>) {
        let d = layout.shape.dimension
        let x = state + layout.blocks.count * d
        let length = Self.sumOfSquares(x, d).squareRoot()
        let factor = length > 0 ? exp(pointer(layout.logScale)[0]) / length : 0
        for i in 0..<d { vector[i] = x[i] * factor }
    }

    private func normed(_ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, into z: UnsafeMutablePointer<Float>) {
        let d = layout.shape.dimension
        let factor = 1 / (Self.sumOfSquares(x, d) / Float(d) + Self.epsilon).squareRoot()
        for i in 0..<d { z[i] = x[i] * factor * gain[i] }
    }

    private func affine(_ x: UnsafePointer<Float>, weights: Tensor, bias: Tensor?, into y: UnsafeMutablePointer<Float>) {
        let w = pointer(weights)
        let inputs = weights.shape[1]
        for row in 0..<weights.shape[0] {
            var sum = bias.map { pointer($0)[row] } ?? 0
            for column in 0..<inputs { sum = sum.addingProduct(w[row * inputs + column], x[column]) }
            y[row] = sum
        }
    }

    private func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

    /// Σ x², in 16 partial sums and one fixed tree.
    package static func sumOfSquares(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        var sums = SIMD16<Float>.zero
        for start in stride(from: 0, to: count, by: 16) {
            let values = UnsafeRawPointer(x + start).loadUnaligned(as: SIMD16<Float>.self)
            sums += values * values
        }
        let eight = sums.lowHalf + sums.highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }
}
