import Foundation
import LinearAlgebra

/// AdamW (Loshchilov & Hutter 2019), β = (0.9, 0.98), over the flat memory of all parameters.
///
/// Embedding rows that a batch did not touch keep their moments, as in the usual sparse Adam.
final class AdamW {
    /// What the optimizer remembers, each laid out as the parameters are.
    struct Moments {
        /// Decayed mean of the gradients.
        var first: FloatBuffer
        /// Decayed mean of their squares.
        var second: FloatBuffer

    }

    private let moments: Moments
    private let beta1: Float = 0.9
    private let beta2: Float = 0.98
    private let epsilon: Float = 1e-8

    /// What one step applies to every element it updates.
    struct Step {
        /// Learning rate with both bias corrections.
        fileprivate var rate: Float
        fileprivate var secondCorrection: Float
        /// Factor that decay leaves of a value.
        fileprivate var keep: Float
        /// Factor on the gradient.
        fileprivate var scale: Float
    }

    /// An optimizer that goes on from `moments`, which it changes in place.
    init(_ moments: Moments) { self.moments = moments }

    /// The constants of step `number` = 1, 2, …, with gradients multiplied by `scale` first.
    func step(_ number: Int, learningRate: Double, weightDecay: Double, scale: Double) -> Step {
        Step(
            rate: Float(learningRate / (1 - pow(Double(beta1), Double(number)))),
            secondCorrection: Float(1 / (1 - pow(Double(beta2), Double(number)))),
            keep: Float(1 - learningRate * weightDecay),
            scale: Float(scale))
    }

    /// Updates `parameters[offset..<offset + count]` by a gradient of `count` values.
    func update(
        _ parameters: UnsafeMutablePointer<Float>, offset: Int, count: Int, gradient: UnsafePointer<Float>,
        _ step: Step, decays: Bool
    ) {
        let (values, m, v) = (parameters + offset, moments.first.pointer + offset, moments.second.pointer + offset)
        let keep = decays ? step.keep : 1
        for i in 0..<count {
            let g = gradient[i] * step.scale
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            values[i] = values[i] * keep - step.rate * m[i] / ((v[i] * step.secondCorrection).squareRoot() + epsilon)
        }
    }
}

extension AdamW.Moments {
    /// Those of the start.
    init(count: Int) { self.init(first: FloatBuffer(count: count), second: FloatBuffer(count: count)) }
}
