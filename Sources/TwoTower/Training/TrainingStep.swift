import LinearAlgebra

/// One optimizer step on one batch, on all shards at once: item vectors, sequences, loss, the way back, AdamW.
///
/// The batch is dealt to a fixed number of shards, each with gradients of its own, and sums are taken in the order of the
/// shards: the result depends on the seed, not on threads.
package final class TrainingStep: @unchecked Sendable {
    // Unchecked: within a step each piece of a parallel loop writes its own shard or its own range of rows.

    /// What one shard needs.
    private final class Shard {
        let pass: SequencePass
        let loss: SoftmaxLoss
        let gradients: DenseGradients
        /// [active items, d]
        let vectorGradients: FloatBuffer
        let outputGradient: FloatBuffer
        var sequences = PackedSequences()
        var lossSum = 0.0
        var squares = 0.0

        init(_ layout: TowerLayout, capacity: Int, items: Int, dropout: Double) {
            pass = SequencePass(layout: layout, capacity: capacity, dropout: Float(dropout))
            loss = SoftmaxLoss(dimension: layout.shape.dimension)
            gradients = DenseGradients(layout)
            vectorGradients = FloatBuffer(count: items * layout.shape.dimension)
            outputGradient = FloatBuffer(count: capacity * layout.shape.dimension)
        }
    }

    let layout: TowerLayout
    let parameters: FloatBuffer
    private let settings: TrainingSettings
    private let items: ItemPass
    private let candidates: CandidateSampler
    private let shards: [Shard]
    private let optimizer: AdamW
    /// Steps done.
    private(set) var number: Int

    /// A first step on `parameters`, which are updated in place.
    package convenience init(
        layout: TowerLayout, parameters: FloatBuffer, bags: FeatureBags, candidates: CandidateSampler,
        settings: TrainingSettings, dropout: Double
    ) {
        self.init(
            layout: layout, parameters: parameters, moments: AdamW.Moments(count: layout.count), number: 0, bags: bags,
            candidates: candidates, settings: settings, dropout: dropout)
    }

    /// The step after the `number`th, on `parameters` and `moments`, which are updated in place.
    init(
        layout: TowerLayout, parameters: FloatBuffer, moments: AdamW.Moments, number: Int, bags: FeatureBags,
        candidates: CandidateSampler, settings: TrainingSettings, dropout: Double
    ) {
        self.number = number
        self.layout = layout
        self.parameters = parameters
        self.settings = settings
        self.candidates = candidates
        let capacity = BatchPlan.capacity(settings)
        let active = candidates.activeCapacity(batchEvents: Parallel.pieces * capacity)
        items = ItemPass(layout: layout, bags: bags, capacity: active)
        shards = (0..<Parallel.pieces).map { _ in
            Shard(layout, capacity: capacity, items: active, dropout: dropout)
        }
        optimizer = AdamW(moments)
    }

    /// Moves the parameters by one batch; returns the mean loss, which is not finite if training has diverged: the
    /// parameters are then left as they were.
    package func run(_ batch: BatchPlan.Batch, learningRate: Double) -> Double {
        number += 1
        var generator = SplitMix64(seed: settings.seed, streams: number)
        let selection = candidates.select(for: batch, generator: &generator)
        items.select(selection.active, idDropout: settings.idDropout, generator: &generator)
        let count = selection.active.count
        Parallel.ranges(of: count) { _, range in items.forward(range, parameters: parameters.pointer) }
        for (index, shard) in shards.enumerated() { shard.sequences = selection.shards[index] }
        let share = 1 / Float(max(1, batch.targets))
        Parallel.pieces { piece in
            descend(shards[piece], piece: piece, items: count, selection.logChances, share: share)
        }
        Parallel.ranges(of: count) { piece, range in reduceItems(range, piece: piece) }
        Parallel.ranges(of: shards[0].gradients.buffer.count) { piece, range in reduceDense(range, piece: piece) }
        let loss = shards.reduce(0) { $0 + $1.lossSum }
        let norm = shards.reduce(0) { $0 + $1.squares }.squareRoot()
        if loss.isFinite && norm.isFinite {
            let scale = min(1, Self.largestNorm / max(norm, 1e-30))
            let step = optimizer.step(
                number, learningRate: learningRate, weightDecay: settings.weightDecay, scale: scale)
            Parallel.ranges(of: count) { _, range in updateItems(range, step) }
            Parallel.ranges(of: layout.tensors.count - 1) { _, range in updateDense(range, step) }
            let logScale = parameters.pointer + layout.logScale.offset
            logScale.pointee = min(logScale.pointee, Self.largestLogScale)
        }
        // Not a number if the gradient is none, though the loss may be one.
        return loss + (norm - norm)
    }

    /// Gradients are scaled down to this length.
    private static let largestNorm = 1.0
    /// The factor on cosine scores stays at most 100 (as in CLIP, Radford et al. 2021): on data that can be told apart without
    /// error it would grow for ever.
    private static let largestLogScale: Float = 4.60517

    private func descend(_ shard: Shard, piece: Int, items count: Int, _ logChances: [Float]?, share: Float) {
        let d = layout.shape.dimension
        let sequences = shard.sequences
        shard.gradients.buffer.clear()
        shard.vectorGradients.pointer.update(repeating: 0, count: count * d)
        shard.outputGradient.pointer.update(repeating: 0, count: sequences.positions * d)
        shard.pass.forward(
            sequences, vectors: items.vectors.pointer, parameters: parameters.pointer,
            generator: SplitMix64(seed: settings.seed, streams: number, piece))
        let result = (logChances ?? []).withUnsafeBufferPointer { chances in
            shard.loss.accumulate(
                users: MatrixView(shard.pass.output.pointer, rows: sequences.positions, columns: d),
                rows: sequences.targetPositions,
                targets: sequences.targets, items: MatrixView(items.vectors.pointer, rows: count, columns: d),
                logChances: logChances == nil ? nil : chances, logScale: parameters.pointer[layout.logScale.offset],
                share: share,
                userGradients: MatrixView(shard.outputGradient.pointer, rows: sequences.positions, columns: d),
                itemGradients: MatrixView(shard.vectorGradients.pointer, rows: count, columns: d))
        }
        shard.lossSum = result.loss
        shard.gradients.pointer(layout.logScale)[0] += Float(result.logScaleGradient)
        shard.pass.backward(
            sequences, parameters: parameters.pointer, outputGradient: shard.outputGradient.pointer,
            gradients: shard.gradients,
            vectorGradients: shard.vectorGradients.pointer)
    }

    private func reduceItems(_ range: Range<Int>, piece: Int) {
        let d = layout.shape.dimension
        let target = shards[0].vectorGradients.pointer
        for shard in shards.dropFirst() {
            let source = shard.vectorGradients.pointer
            for i in range.lowerBound * d..<range.upperBound * d { target[i] += source[i] }
        }
        items.backward(
            range, gradient: target, parameters: parameters.pointer, gradients: shards[piece].gradients)
        shards[piece].squares = Self.squares(target, range.lowerBound * d..<range.upperBound * d)
    }

    private func reduceDense(_ range: Range<Int>, piece: Int) {
        let target = shards[0].gradients.buffer.pointer
        for shard in shards.dropFirst() {
            let source = shard.gradients.buffer.pointer
            for i in range { target[i] += source[i] }
        }
        shards[piece].squares += Self.squares(target, range)
    }

    private static func squares(_ values: UnsafePointer<Float>, _ range: Range<Int>) -> Double {
        var sum = 0.0
        for i in range { sum += Double(values[i]) * Double(values[i]) }
        return sum
    }

    private func updateItems(_ range: Range<Int>, _ step: AdamW.Step) {
        let d = layout.shape.dimension
        for row in range {
            optimizer.update(
                parameters.pointer, offset: layout.itemEmbedding.offset + Int(items.active[row]) * d, count: d,
                gradient: shards[0].vectorGradients.pointer + row * d, step, decays: true)
        }
    }

    /// Updates tensors 1... : all but the item embedding. Vectors (norms, biases, the scale) do not decay.
    private func updateDense(_ range: Range<Int>, _ step: AdamW.Step) {
        for tensor in layout.tensors[range.lowerBound + 1..<range.upperBound + 1] {
            optimizer.update(
                parameters.pointer, offset: tensor.offset, count: tensor.count,
                gradient: shards[0].gradients.pointer(tensor), step,
                decays: tensor.shape.count > 1)
        }
    }
}
