import LinearAlgebra

extension SequencePass {
    /// Carries the gradient of `output` back, after `forward` with the same arguments.
    ///
    /// - Parameters:
    ///   - outputGradient: [positions, d].
    ///   - gradients: memory of `layout`'s form whose dense tensors are added to; the item embedding's part is not touched.
    ///   - vectorGradients: [m, d]: added to, at the rows of the inputs.
    package func backward(
        _ sequences: PackedSequences, parameters: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
        gradients: DenseGradients, vectorGradients: UnsafeMutablePointer<Float>
    ) {
        let n = sequences.positions
        let d = layout.shape.dimension
        let stream = streamGradient.pointer
        stream.update(from: outputGradient, count: n * d)
        for (index, block) in layout.blocks.enumerated().reversed() {
            let trace = traces[index]
            // Feed-forward part: x2 = x1 + mask ⊙ (D silu(U z + u) + d).
            for i in 0..<n * d { scratch.pointer[i] = stream[i] * trace.feedMask.pointer[i] }
            affineBackward(
                trace.hiddenOut, block.feedDown, block.feedDownBias, parameters, n, scratch, gradients,
                into: hiddenGradient)
            for i in 0..<n * layout.shape.hidden {
                let s = trace.hiddenSigmoid.pointer[i]
                hiddenGradient.pointer[i] *= s + trace.hidden.pointer[i] * s * (1 - s)
            }
            affineBackward(
                trace.feedNormed, block.feedUp, block.feedUpBias, parameters, n, hiddenGradient, gradients,
                into: scratch)
            normaliseBackward(trace.middle, trace.feedNorm, block.feedNorm, parameters, n, gradients)
            // Recurrent part: x1 = x + mask ⊙ M (o ⊙ h).
            guard let recurrence = block.recurrence else { continue }
            for i in 0..<n * d { scratch.pointer[i] = stream[i] * trace.mixMask.pointer[i] }
            affineBackward(trace.mixed, recurrence.mix, nil, parameters, n, scratch, gradients, into: mixedGradient)
            recurBackward(sequences, trace, mixedGradient: mixedGradient.pointer)
            affineBackward(
                trace.gateNormed, recurrence.gates, recurrence.gatesBias, parameters, n, gateGradient, gradients,
                into: scratch)
            normaliseBackward(trace.input, trace.gateNorm, recurrence.gateNorm, parameters, n, gradients)
        }
        if layout.shape.userTower == .mean { RunningMean.backward(sequences, stream, dimension: d) }
        for i in 0..<n * d { stream[i] *= inputMask.pointer[i] }
        embedBackward(sequences, gradients, vectorGradients)
    }

    private func recurBackward(_ sequences: PackedSequences, _ trace: Trace, mixedGradient: UnsafePointer<Float>) {
        let d = layout.shape.dimension
        var carry = [Float](repeating: 0, count: d)
        for sequence in 0..<sequences.starts.count - 1 {
            let first = sequences.starts[sequence]
            for i in 0..<d { carry[i] = 0 }
            for position in (first..<sequences.starts[sequence + 1]).reversed() {
                let gates = trace.gates.pointer + position * 3 * d
                let result = gateGradient.pointer + position * 3 * d
                let sigmoid = trace.outputSigmoid.pointer + position * d
                let h = trace.recurrence.pointer + position * d
                let incoming = mixedGradient + position * d
                for i in 0..<d {
                    let (forget, candidate, gate, s) = (gates[i], gates[d + i], gates[2 * d + i], sigmoid[i])
                    let previous = position == first ? 0 : h[i - d]
                    let recurrence = incoming[i] * gate * s + carry[i]
                    carry[i] = recurrence * forget
                    result[i] = recurrence * (previous - candidate) * forget * (1 - forget)
                    result[d + i] = recurrence * (1 - forget)
                    result[2 * d + i] = incoming[i] * h[i] * (s + gate * s * (1 - s))
                }
            }
        }
    }

    /// Given the gradient of y [n, outputs]: adds those of weight and bias, writes that of x [n, inputs].
    private func affineBackward(
        _ x: FloatBuffer, _ weight: Tensor, _ bias: Tensor?, _ parameters: UnsafePointer<Float>, _ rows: Int,
        _ gradient: FloatBuffer,
        _ gradients: DenseGradients, into result: FloatBuffer
    ) {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let dy = MatrixView(gradient.pointer, rows: rows, columns: outputs)
        Blas.multiply(
            dy, .transposed, MatrixView(x.pointer, rows: rows, columns: inputs),
            into: MatrixView(gradients.pointer(weight), rows: outputs, columns: inputs), accumulate: true)
        if let bias {
            let target = gradients.pointer(bias)
            for row in 0..<rows { for i in 0..<outputs { target[i] += gradient.pointer[row * outputs + i] } }
        }
        Blas.multiply(
            dy, .plain, MatrixView(reading: parameters + weight.offset, rows: outputs, columns: inputs),
            into: MatrixView(result.pointer, rows: rows, columns: inputs))
    }

    /// Given the gradient of z = x · r ⊙ gain in `scratch`: adds that of the gain, and that of x to the stream's.
    private func normaliseBackward(
        _ x: FloatBuffer, _ factors: FloatBuffer, _ gain: Tensor, _ parameters: UnsafePointer<Float>, _ rows: Int,
        _ gradients: DenseGradients
    ) {
        let d = layout.shape.dimension
        let gainGradient = gradients.pointer(gain)
        let weights = parameters + gain.offset
        for row in 0..<rows {
            let dz = scratch.pointer + row * d
            let source = x.pointer + row * d
            let factor = factors.pointer[row]
            for i in 0..<d {
                gainGradient[i] += dz[i] * source[i] * factor
                dz[i] *= weights[i]
            }
            let along = RowMath.dot(dz, source, d) * factor * factor * factor / Float(d)
            let target = streamGradient.pointer + row * d
            for i in 0..<d { target[i] += dz[i] * factor - source[i] * along }
        }
    }

    private func embedBackward(
        _ sequences: PackedSequences, _ gradients: DenseGradients, _ vectorGradients: UnsafeMutablePointer<Float>
    ) {
        let d = layout.shape.dimension
        let scale = Float(d).squareRoot()
        for position in 0..<sequences.positions {
            let source = streamGradient.pointer + position * d
            let item = Int(sequences.items[position])
            let vector = item < 0 ? gradients.pointer(layout.unknownInput) : vectorGradients + item * d
            let action = gradients.pointer(layout.actionEmbedding) + Int(sequences.actions[position]) * d
            for i in 0..<d {
                vector[i] += source[i] * scale
                action[i] += source[i]
            }
            if let rhythm = layout.rhythm {
                let gap = gradients.pointer(rhythm.gaps) + Int(sequences.gaps[position]) * d
                let visit = gradients.pointer(rhythm.visits) + Int(sequences.visits[position]) * d
                for i in 0..<d {
                    gap[i] += source[i]
                    visit[i] += source[i]
                }
            }
            let attributes = sequences.attributes(of: position)
            let share = 1 / Float(max(1, attributes.count))
            for row in attributes {
                let attribute = gradients.pointer(layout.attributeEmbedding) + Int(row) * d
                for i in 0..<d { attribute[i] += source[i] * share }
            }
        }
    }
}

/// Gradients of every tensor but the item embedding, whose rows are held apart for those that a batch touches.
package final class DenseGradients {
    private let layout: TowerLayout
    package let buffer: FloatBuffer

    package init(_ layout: TowerLayout) {
        self.layout = layout
        buffer = FloatBuffer(count: layout.count - layout.tokenEmbedding.offset)
    }

    /// The gradient of a tensor other than the item embedding.
    package func pointer(_ tensor: Tensor) -> UnsafeMutablePointer<Float> {
        buffer.pointer + (tensor.offset - layout.tokenEmbedding.offset)
    }
}
