import Commerce
import LinearAlgebra

/// Sequences packed one after the other, without padding: a step's gates depend on its input alone, so all matrix products
/// run over all positions at once and only the element-wise recurrence knows where a sequence begins.
package struct PackedSequences: Sendable {
    /// Sequence s has positions `starts[s]..<starts[s + 1]`.
    package var starts: [Int] = [0]
    /// Per position: row of the item's vector, or -1 for the unknown item.
    package var items: [Int32] = []
    package var actions: [UInt8] = []
    package var gaps: [UInt8] = []
    /// Rows of the visit embedding.
    package var visits: [UInt8] = []
    /// Position p has the attribute rows `attributeRows[attributeStarts[p]..<attributeStarts[p + 1]]`; empty as long as nobody
    /// has any.
    package var attributeStarts: [Int32] = []
    /// Rows of the attribute embedding.
    package var attributeRows: [Int32] = []
    /// The positions that have a target, and the row of the target's vector.
    package var targetPositions: [Int32] = []
    /// Rows of the target items, in the order of `targetPositions`.
    package var targets: [Int32] = []

    package init() {}

    /// Events of all sequences.
    package var positions: Int { items.count }

    /// Adds an event of `histories` to the last sequence, with this row as its item's vector; `starts` is the caller's.
    package mutating func append(_ event: Int, of histories: Histories, item: Int32) {
        let before = positions
        items.append(item)
        actions.append(histories.actions[event].rawValue)
        gaps.append(histories.gaps[event])
        visits.append(histories.visits[event])
        let rows = histories.attributes(of: event)
        guard !rows.isEmpty || !attributeStarts.isEmpty else { return }
        if attributeStarts.isEmpty { attributeStarts = [Int32](repeating: 0, count: before + 1) }
        attributeRows += rows
        attributeStarts.append(Int32(attributeRows.count))
    }

    /// The attribute rows of a position.
    func attributes(of position: Int) -> ArraySlice<Int32> {
        attributeStarts.isEmpty
            ? [] : attributeRows[Int(attributeStarts[position])..<Int(attributeStarts[position + 1])]
    }
}

/// The sequence tower over whole sequences, forwards and backwards: the same function as `ServingTower.step`, in the
/// order that suits matrix products.
package final class SequencePass {
    let layout: TowerLayout
    let capacity: Int
    private let dropout: Float

    /// What the backward pass needs of one block, each [positions, …].
    package final class Trace {
        let input: FloatBuffer
        let gateNorm: FloatBuffer
        let gateNormed: FloatBuffer
        /// Forget gate (after its sigmoid), candidate, and output gate before its silu.
        let gates: FloatBuffer
        let outputSigmoid: FloatBuffer
        let recurrence: FloatBuffer
        let mixed: FloatBuffer
        let middle: FloatBuffer
        let feedNorm: FloatBuffer
        let feedNormed: FloatBuffer
        let hidden: FloatBuffer
        let hiddenSigmoid: FloatBuffer
        let hiddenOut: FloatBuffer
        /// Dropout's factors on the two residual branches.
        package let mixMask: FloatBuffer
        package let feedMask: FloatBuffer

        init(_ shape: TowerShape, capacity: Int) {
            let d = shape.dimension
            func rows(_ width: Int) -> FloatBuffer { FloatBuffer(count: capacity * width) }
            input = rows(d)
            gateNorm = rows(1)
            gateNormed = rows(d)
            gates = rows(3 * d)
            outputSigmoid = rows(d)
            recurrence = rows(d)
            mixed = rows(d)
            middle = rows(d)
            feedNorm = rows(1)
            feedNormed = rows(d)
            hidden = rows(shape.hidden)
            hiddenSigmoid = rows(shape.hidden)
            hiddenOut = rows(shape.hidden)
            mixMask = rows(d)
            feedMask = rows(d)
        }
    }

    package let traces: [Trace]
    /// [positions, d]: dropout's factors on the embedded input.
    package let inputMask: FloatBuffer
    /// [positions, d]: the users' vectors before normalisation.
    package let output: FloatBuffer
    let scratch: FloatBuffer
    let gateGradient: FloatBuffer
    let mixedGradient: FloatBuffer
    let hiddenGradient: FloatBuffer
    let streamGradient: FloatBuffer

    /// Memory for up to `capacity` positions; `dropout` is the chance of an element to be dropped while training.
    package init(layout: TowerLayout, capacity: Int, dropout: Float) {
        self.layout = layout
        self.capacity = capacity
        self.dropout = dropout
        let shape = layout.shape
        traces = (0..<shape.blocks).map { _ in Trace(shape, capacity: capacity) }
        inputMask = FloatBuffer(count: capacity * shape.dimension)
        output = FloatBuffer(count: capacity * shape.dimension)
        scratch = FloatBuffer(count: capacity * shape.dimension)
        gateGradient = FloatBuffer(count: capacity * 3 * shape.dimension)
        mixedGradient = FloatBuffer(count: capacity * shape.dimension)
        hiddenGradient = FloatBuffer(count: capacity * shape.hidden)
        streamGradient = FloatBuffer(count: capacity * shape.dimension)
    }

    /// Fills `output`.
    ///
    /// - Parameters:
    ///   - vectors: [m, d] unit vectors that `sequences.items` names.
    ///   - generator: source of the dropout masks; nil switches dropout off.
    package func forward(
        _ sequences: PackedSequences, vectors: UnsafePointer<Float>, parameters: UnsafePointer<Float>,
        generator: SplitMix64?
    ) {
        precondition(
            sequences.positions <= capacity, "\(sequences.positions) positions exceed the capacity of \(capacity)")
        var generator = generator
        let n = sequences.positions
        let d = layout.shape.dimension
        let first = traces[0].input.pointer
        embed(sequences, vectors, parameters, into: first)
        drop(first, inputMask, count: n * d, &generator)
        if layout.shape.userTower == .mean { RunningMean.forward(sequences, first, dimension: d) }
        for (index, block) in layout.blocks.enumerated() {
            let trace = traces[index]
            if let recurrence = block.recurrence {
                normalise(
                    trace.input, parameters + recurrence.gateNorm.offset, n, scale: trace.gateNorm,
                    into: trace.gateNormed)
                affine(trace.gateNormed, recurrence.gates, recurrence.gatesBias, parameters, n, into: trace.gates)
                recur(sequences, trace)
                affine(trace.mixed, recurrence.mix, nil, parameters, n, into: scratch)
                drop(scratch.pointer, trace.mixMask, count: n * d, &generator)
                for i in 0..<n * d { trace.middle.pointer[i] = trace.input.pointer[i] + scratch.pointer[i] }
            } else {
                trace.middle.pointer.update(from: trace.input.pointer, count: n * d)
            }
            normalise(
                trace.middle, parameters + block.feedNorm.offset, n, scale: trace.feedNorm, into: trace.feedNormed)
            affine(trace.feedNormed, block.feedUp, block.feedUpBias, parameters, n, into: trace.hidden)
            let width = n * layout.shape.hidden
            RowMath.sigmoid(of: trace.hidden.pointer, into: trace.hiddenSigmoid.pointer, count: width)
            for i in 0..<width { trace.hiddenOut.pointer[i] = trace.hidden.pointer[i] * trace.hiddenSigmoid.pointer[i] }
            affine(trace.hiddenOut, block.feedDown, block.feedDownBias, parameters, n, into: scratch)
            drop(scratch.pointer, trace.feedMask, count: n * d, &generator)
            let next = index + 1 < traces.count ? traces[index + 1].input : output
            for i in 0..<n * d { next.pointer[i] = trace.middle.pointer[i] + scratch.pointer[i] }
        }
    }

    private func embed(
        _ sequences: PackedSequences, _ vectors: UnsafePointer<Float>, _ parameters: UnsafePointer<Float>,
        into stream: UnsafeMutablePointer<Float>
    ) {
        let d = layout.shape.dimension
        let scale = Float(d).squareRoot()
        for position in 0..<sequences.positions {
            let item = Int(sequences.items[position])
            let source = item < 0 ? parameters + layout.unknownInput.offset : vectors + item * d
            let action = parameters + layout.actionEmbedding.offset + Int(sequences.actions[position]) * d
            let row = stream + position * d
            for i in 0..<d { row[i] = source[i] * scale + action[i] }
            if let rhythm = layout.rhythm {
                let gap = parameters + rhythm.gaps.offset + Int(sequences.gaps[position]) * d
                let visit = parameters + rhythm.visits.offset + Int(sequences.visits[position]) * d
                for i in 0..<d { row[i] = row[i] + gap[i] + visit[i] }
            }
            let attributes = sequences.attributes(of: position)
            let share = 1 / Float(max(1, attributes.count))
            for attribute in attributes {
                let source = parameters + layout.attributeEmbedding.offset + Int(attribute) * d
                for i in 0..<d { row[i] += source[i] * share }
            }
        }
    }

    /// Gates to recurrence to gated output, position by position.
    private func recur(_ sequences: PackedSequences, _ trace: Trace) {
        let d = layout.shape.dimension
        for position in 0..<sequences.positions {
            let gates = trace.gates.pointer + position * 3 * d
            RowMath.sigmoid(of: gates, into: gates, count: d)
            RowMath.sigmoid(of: gates + 2 * d, into: trace.outputSigmoid.pointer + position * d, count: d)
        }
        for sequence in 0..<sequences.starts.count - 1 {
            for position in sequences.starts[sequence]..<sequences.starts[sequence + 1] {
                let gates = trace.gates.pointer + position * 3 * d
                let sigmoid = trace.outputSigmoid.pointer + position * d
                let h = trace.recurrence.pointer + position * d
                let out = trace.mixed.pointer + position * d
                if position == sequences.starts[sequence] {
                    for i in 0..<d { h[i] = (1 - gates[i]) * gates[d + i] }
                } else {
                    for i in 0..<d { h[i] = gates[i] * h[i - d] + (1 - gates[i]) * gates[d + i] }
                }
                for i in 0..<d { out[i] = gates[2 * d + i] * sigmoid[i] * h[i] }
            }
        }
    }

    private func normalise(
        _ x: FloatBuffer, _ gain: UnsafePointer<Float>, _ rows: Int, scale: FloatBuffer, into z: FloatBuffer
    ) {
        let d = layout.shape.dimension
        for row in 0..<rows {
            let source = x.pointer + row * d
            let factor = 1 / (RowMath.dot(source, source, d) / Float(d) + ServingTower.epsilon).squareRoot()
            scale.pointer[row] = factor
            for i in 0..<d { z.pointer[row * d + i] = source[i] * factor * gain[i] }
        }
    }

    /// y [n, outputs] = x [n, inputs] · weightᵀ + bias.
    private func affine(
        _ x: FloatBuffer, _ weight: Tensor, _ bias: Tensor?, _ parameters: UnsafePointer<Float>, _ rows: Int,
        into y: FloatBuffer
    ) {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        if let bias {
            for row in 0..<rows { (y.pointer + row * outputs).update(from: parameters + bias.offset, count: outputs) }
        }
        Blas.multiply(
            MatrixView(x.pointer, rows: rows, columns: inputs), .plain,
            MatrixView(reading: parameters + weight.offset, rows: outputs, columns: inputs), .transposed,
            into: MatrixView(y.pointer, rows: rows, columns: outputs), accumulate: bias != nil)
    }

    /// Drops elements by chance and scales up the rest; the mask keeps the factors for the way back.
    private func drop(
        _ values: UnsafeMutablePointer<Float>, _ mask: FloatBuffer, count: Int, _ generator: inout SplitMix64?
    ) {
        guard dropout > 0, var random = generator else {
            mask.pointer.update(repeating: 1, count: count)
            return
        }
        let threshold = UInt64(Double(dropout) * 65536)
        let kept = 1 / (1 - dropout)
        var index = 0
        while index < count {
            var bits = random.next()
            for _ in 0..<min(4, count - index) {
                let factor = bits & 0xffff < threshold ? 0 : kept
                mask.pointer[index] = factor
                values[index] *= factor
                bits >>= 16
                index += 1
            }
        }
        generator = random
    }
}
