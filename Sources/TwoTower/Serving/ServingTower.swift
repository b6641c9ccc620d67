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
/// The state is every block's h and the last x, so that the readout needs nothing else. The mean tower has neither gap nor visit
/// nor recurrences: its x starts as the mean of all inputs so far, which its state holds with their number. All arithmetic is the kernels' or
/// element-wise, so a row's result does not depend on the batch.
package struct ServingTower: Sendable {
    private let layout: TowerLayout
    private let parameters: FloatBuffer
    private let blocks: [Block]
    /// The factor on cosine scores.
    let scale: Float

    /// Keeps the norm of a zero vector finite.
    static let epsilon: Float = 1e-6

    /// A recurrence's weights as the kernels take them: [inputs, outputs].
    private struct Recurrence: Sendable {
        let tensors: RecurrenceTensors
        let forget: FloatBuffer
        let candidate: FloatBuffer
        let output: FloatBuffer
        let mix: FloatBuffer

        init(_ tensors: RecurrenceTensors, _ parameters: FloatBuffer, dimension d: Int) {
            self.tensors = tensors
            forget = tensors.gates.transposed(in: parameters, rows: d)
            candidate = tensors.gates.transposed(in: parameters, from: d, rows: d)
            output = tensors.gates.transposed(in: parameters, from: 2 * d, rows: d)
            mix = tensors.mix.transposed(in: parameters)
        }
    }

    /// The same of a block.
    private struct Block: Sendable {
        var recurrence: Recurrence?
        var feedUp: FloatBuffer
        var feedDown: FloatBuffer
    }

    package init(layout: TowerLayout, parameters: FloatBuffer) {
        self.layout = layout
        self.parameters = parameters
        let d = layout.shape.dimension
        blocks = layout.blocks.map {
            Block(
                recurrence: $0.recurrence.map { Recurrence($0, parameters, dimension: d) },
                feedUp: $0.feedUp.transposed(in: parameters), feedDown: $0.feedDown.transposed(in: parameters))
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
        let (d, size) = (layout.shape.dimension, layout.shape.stateSize)
        embed(batch, into: scratch.stream.pointer)
        if layout.shape.userTower == .mean { average(batch, scratch.stream.pointer) }
        for (index, block) in layout.blocks.enumerated() {
            if let recurrence = blocks[index].recurrence { recur(recurrence, index, batch, scratch) }
            feed(block, blocks[index], rows: batch.count, scratch)
        }
        for row in 0..<batch.count {
            (batch.states + row * size + layout.shape.outputOffset).update(
                from: scratch.stream.pointer + row * d, count: d)
        }
    }

    /// The stream through the gated recurrence of block `index`.
    private func recur(_ weights: Recurrence, _ index: Int, _ batch: StepBatch, _ scratch: StepScratch) {
        let (d, rows) = (layout.shape.dimension, batch.count)
        let normedRows = scratch.normed.first(rows * d)
        let outputRows = scratch.output.first(rows * d)
        var stream = scratch.stream.first(rows * d).mutableSpan
        var normed = normedRows.mutableSpan
        var forget = scratch.forget.first(rows * d).mutableSpan
        var candidate = scratch.candidate.first(rows * d).mutableSpan
        var output = outputRows.mutableSpan
        let bias = weights.tensors.gatesBias
        _ = normedRows.update(fromContentsOf: scratch.stream.first(rows * d))
        Kernels.rmsNormalise(&normed, gain: values(weights.tensors.gateNorm).span, epsilon: Self.epsilon)
        Kernels.affine(
            normed.span, weights: weights.forget.values.span, bias: values(bias, from: 0, d).span, rows: rows,
            inputs: d, outputs: d, into: &forget)
        Kernels.affine(
            normed.span, weights: weights.candidate.values.span, bias: values(bias, from: d, d).span, rows: rows,
            inputs: d, outputs: d, into: &candidate)
        Kernels.affine(
            normed.span, weights: weights.output.values.span, bias: values(bias, from: 2 * d, d).span, rows: rows,
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
    }

    /// The stream through a block's feed-forward part.
    private func feed(_ tensors: BlockTensors, _ weights: Block, rows: Int, _ scratch: StepScratch) {
        let (d, width) = (layout.shape.dimension, layout.shape.hidden)
        let normedRows = scratch.normed.first(rows * d)
        var stream = scratch.stream.first(rows * d).mutableSpan
        var normed = normedRows.mutableSpan
        var hidden = scratch.hidden.first(rows * width).mutableSpan
        _ = normedRows.update(fromContentsOf: scratch.stream.first(rows * d))
        Kernels.rmsNormalise(&normed, gain: values(tensors.feedNorm).span, epsilon: Self.epsilon)
        Kernels.affine(
            normed.span, weights: weights.feedUp.values.span, bias: values(tensors.feedUpBias).span, rows: rows,
            inputs: d, outputs: width, into: &hidden)
        Kernels.silu(&hidden)
        Kernels.affine(
            hidden.span, weights: weights.feedDown.values.span, bias: values(tensors.feedDownBias).span, rows: rows,
            inputs: width, outputs: d, into: &normed)
        Kernels.add(&stream, normed.span)
    }

    /// Moves the means in the states by the inputs in `stream` and puts them in their place.
    private func average(_ batch: StepBatch, _ stream: UnsafeMutablePointer<Float>) {
        let (d, size) = (layout.shape.dimension, layout.shape.stateSize)
        for row in 0..<batch.count {
            let state = batch.states + row * size
            state[size - 1] += 1
            RunningMean.advance(
                state, by: stream + row * d, number: state[size - 1], dimension: d, into: stream + row * d)
            state.update(from: stream + row * d, count: d)
        }
    }

    private func embed(_ batch: StepBatch, into stream: UnsafeMutablePointer<Float>) {
        let d = layout.shape.dimension
        let factor = Float(d).squareRoot()
        for row in 0..<batch.count {
            let event = batch[row]
            let actionRow = values(layout.actionEmbedding, from: Int(event.action.rawValue) * d, d)
            let target = stream + row * d
            for i in 0..<d { target[i] = batch.inputs[row * d + i] * factor + actionRow[i] }
            if let rhythm = layout.rhythm {
                let visit = Visit.row(gap: event.gap, changesSession: event.changesSession)
                let gapRow = values(rhythm.gaps, from: GapBucket.of(milliseconds: event.gap) * d, d)
                let visitRow = values(rhythm.visits, from: visit * d, d)
                for i in 0..<d { target[i] = target[i] + gapRow[i] + visitRow[i] }
            }
            let share = 1 / Float(max(1, event.attributes.count))
            for number in event.attributes {
                let attribute = values(layout.attributeEmbedding, from: Int(number) * d, d)
                for i in 0..<d { target[i] += attribute[i] * share }
            }
        }
    }

    /// The user's vector [d] of one state.
    func readout(state: UnsafePointer<Float>, into vector: UnsafeMutablePointer<Float>) {
        let d = layout.shape.dimension
        let x = UnsafeBufferPointer(start: state + layout.shape.outputOffset, count: d)
        let length = Kernels.dot(x.span, x.span).squareRoot()
        let factor = length > 0 ? scale / length : 0
        for i in 0..<d { vector[i] = x[i] * factor }
    }
}
