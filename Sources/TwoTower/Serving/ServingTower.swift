import Commerce
import LinearAlgebra

/// Working memory of a step, for one thread at a time.
public final class StepScratch {
    /// Shoppers that go through the tower together.
    static let rows = 32

    fileprivate let stream: FloatBuffer
    fileprivate let normed: FloatBuffer
    fileprivate let forget: FloatBuffer
    fileprivate let candidate: FloatBuffer
    fileprivate let output: FloatBuffer
    fileprivate let hidden: FloatBuffer

    init(_ shape: TowerShape) {
        func buffer(_ width: Int) -> FloatBuffer { FloatBuffer(count: Self.rows * width) }
        stream = buffer(shape.dimension)
        normed = buffer(shape.dimension)
        forget = buffer(shape.dimension)
        candidate = buffer(shape.dimension)
        output = buffer(shape.dimension)
        hidden = buffer(shape.hidden)
    }
}

/// The sequence tower's step. Per block, on a residual stream x that starts as
/// √d · item + action + gap + visit + mean of the attributes:
///
///     z = rms(x) ⊙ gain          f = σ(F z + f₀)   c = C z + c₀   o = silu(O z + o₀)
///     h = f ⊙ h + (1 - f) ⊙ c    x = x + M (o ⊙ h)
///     z = rms(x) ⊙ gain          x = x + D silu(U z + u₀) + d₀
///
/// The state is every block's h and the last x, so that the readout needs nothing else. All arithmetic is the kernels' or
/// element-wise, so a row's result does not depend on the batch.
package struct ServingTower: Sendable {
    private let layout: TowerLayout
    private let parameters: FloatBuffer
    private let blocks: [Block]
    /// The factor on cosine scores.
    let scale: Float

    /// Keeps the norm of a zero vector finite.
    static let epsilon: Float = 1e-6

    /// A block's weights as the kernels take them: [inputs, outputs].
    private struct Block: Sendable {
        var forget: FloatBuffer
        var candidate: FloatBuffer
        var output: FloatBuffer
        var mix: FloatBuffer
        var feedUp: FloatBuffer
        var feedDown: FloatBuffer
    }

    package init(layout: TowerLayout, parameters: FloatBuffer) {
        self.layout = layout
        self.parameters = parameters
        let d = layout.shape.dimension
        blocks = layout.blocks.map {
            Block(
                forget: $0.gates.transposed(in: parameters, rows: d),
                candidate: $0.gates.transposed(in: parameters, from: d, rows: d),
                output: $0.gates.transposed(in: parameters, from: 2 * d, rows: d),
                mix: $0.mix.transposed(in: parameters), feedUp: $0.feedUp.transposed(in: parameters),
                feedDown: $0.feedDown.transposed(in: parameters))
        }
        var scale: [Float] = [parameters.pointer[layout.logScale.offset]]
        var span = scale.mutableSpan
        Kernels.exp(&span)
        self.scale = scale[0]
    }

    /// Values of a tensor: `length` of them from `first`.
    private func values(_ tensor: Tensor, from first: Int = 0, _ length: Int? = nil) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: parameters.pointer + tensor.offset + first, count: length ?? tensor.count)
    }

    /// Advances up to `StepScratch.rows` shoppers.
    func step(_ batch: StepBatch, scratch: StepScratch) {
        let d = layout.shape.dimension
        let width = layout.shape.hidden
        let rows = batch.count
        embed(batch, into: scratch.stream.pointer)
        let streamRows = scratch.stream.first(rows * d)
        let normedRows = scratch.normed.first(rows * d)
        let outputRows = scratch.output.first(rows * d)
        var stream = streamRows.mutableSpan
        var normed = normedRows.mutableSpan
        var hidden = scratch.hidden.first(rows * width).mutableSpan
        var forget = scratch.forget.first(rows * d).mutableSpan
        var candidate = scratch.candidate.first(rows * d).mutableSpan
        var output = outputRows.mutableSpan
        for (index, block) in layout.blocks.enumerated() {
            let weights = blocks[index]
            _ = normedRows.update(fromContentsOf: streamRows)
            Kernels.rmsNormalise(&normed, gain: values(block.gateNorm).span, epsilon: Self.epsilon)
            Kernels.affine(
                normed.span, weights: weights.forget.values.span, bias: values(block.gatesBias, from: 0, d).span,
                rows: rows, inputs: d,
                outputs: d, into: &forget)
            Kernels.affine(
                normed.span, weights: weights.candidate.values.span, bias: values(block.gatesBias, from: d, d).span,
                rows: rows,
                inputs: d, outputs: d, into: &candidate)
            Kernels.affine(
                normed.span, weights: weights.output.values.span, bias: values(block.gatesBias, from: 2 * d, d).span,
                rows: rows,
                inputs: d, outputs: d, into: &output)
            Kernels.sigmoid(&forget)
            Kernels.silu(&output)
            for row in 0..<rows {
                let state = UnsafeMutableBufferPointer(
                    start: batch.states + row * layout.shape.stateSize + index * d, count: d)
                var recurrence = state.mutableSpan
                Kernels.gatedUpdate(
                    &recurrence, keep: forget.span.extracting(row * d..<(row + 1) * d),
                    candidate: candidate.span.extracting(row * d..<(row + 1) * d))
                for i in 0..<d { outputRows[row * d + i] *= state[i] }
            }
            Kernels.accumulate(
                output.span, weights: weights.mix.values.span, rows: rows, inputs: d, outputs: d, into: &stream)
            _ = normedRows.update(fromContentsOf: streamRows)
            Kernels.rmsNormalise(&normed, gain: values(block.feedNorm).span, epsilon: Self.epsilon)
            Kernels.affine(
                normed.span, weights: weights.feedUp.values.span, bias: values(block.feedUpBias).span, rows: rows,
                inputs: d,
                outputs: width, into: &hidden)
            Kernels.silu(&hidden)
            Kernels.affine(
                hidden.span, weights: weights.feedDown.values.span, bias: values(block.feedDownBias).span, rows: rows,
                inputs: width,
                outputs: d, into: &normed)
            Kernels.add(&stream, normed.span)
        }
        for row in 0..<rows {
            (batch.states + row * layout.shape.stateSize + layout.blocks.count * d).update(
                from: scratch.stream.pointer + row * d, count: d)
        }
    }

    private func embed(_ batch: StepBatch, into stream: UnsafeMutablePointer<Float>) {
        let d = layout.shape.dimension
        let factor = Float(d).squareRoot()
        for row in 0..<batch.count {
            let gap = batch.gaps[row]
            let visit = Visit.row(gap: gap, changesSession: batch.sessionChanges?[row] ?? false)
            let actionRow = values(layout.actionEmbedding, from: Int(batch.actions[row].rawValue) * d, d)
            let gapRow = values(layout.gapEmbedding, from: GapBucket.of(milliseconds: gap) * d, d)
            let visitRow = values(layout.visitEmbedding, from: visit * d, d)
            let target = stream + row * d
            for i in 0..<d { target[i] = batch.inputs[row * d + i] * factor + actionRow[i] + gapRow[i] + visitRow[i] }
            guard let attributes = batch.attributes else { continue }
            let range = Int(attributes.starts[row])..<Int(attributes.starts[row + 1])
            let share = 1 / Float(max(1, range.count))
            for place in range {
                let attribute = values(layout.attributeEmbedding, from: Int(attributes.rows[place]) * d, d)
                for i in 0..<d { target[i] += attribute[i] * share }
            }
        }
    }

    /// The user's vector [d] of one state.
    func readout(state: UnsafePointer<Float>, into vector: UnsafeMutablePointer<Float>) {
        let d = layout.shape.dimension
        let x = UnsafeBufferPointer(start: state + layout.blocks.count * d, count: d)
        let length = Kernels.dot(x.span, x.span).squareRoot()
        let factor = length > 0 ? scale / length : 0
        for i in 0..<d { vector[i] = x[i] * factor }
    }
}
