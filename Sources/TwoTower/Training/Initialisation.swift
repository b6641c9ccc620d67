import Foundation
import LinearAlgebra

/// Where training starts from: item embeddings that know which items occur together, and a tower that already is a decayed
/// mean of the shopper's items.
enum Initialisation {
    /// The parameters before the first step, or nil if the items' factorisation does not converge.
    static func parameters(
        layout: TowerLayout, histories: Histories, cooccurrence: Cooccurrence, bags: FeatureBags, seed: UInt64
    ) -> FloatBuffer? {
        var generator = SplitMix64(seed: seed, streams: 0)
        let parameters = FloatBuffer(count: layout.count)
        guard fillItems(layout, cooccurrence, &generator, parameters.pointer + layout.itemEmbedding.offset) else {
            return nil
        }
        TokenStart.fill(layout, histories, bags, parameters.pointer)
        // Features begin as the mean over all tokens.
        (parameters.pointer + layout.fieldGain.offset).update(repeating: 1, count: layout.fieldGain.count)
        ProjectionStart.fill(layout, histories, bags, parameters.pointer)
        for block in layout.blocks { fill(block, layout.shape, &generator, parameters.pointer) }
        // The factor on cosine scores: a temperature of 0.07.
        parameters.pointer[layout.logScale.offset] = Float(log(1 / 0.07))
        return parameters
    }

    /// Deviation of the little noise on each of the `d` numbers of an embedding of length 1: it gives items without neighbours
    /// a direction of their own.
    static func noise(_ d: Int) -> Double { 0.1 / Double(d).squareRoot() }

    /// Item embeddings: a truncated factorisation of the positive PMI of co-occurrences, scaled to a mean length of 1.
    private static func fillItems(
        _ layout: TowerLayout, _ cooccurrence: Cooccurrence, _ generator: inout SplitMix64,
        _ target: UnsafeMutablePointer<Float>
    ) -> Bool {
        let (n, d) = (layout.shape.items, layout.shape.dimension)
        let matrix = cooccurrence.positivePMI()
        let rank = min(n, d)
        guard let vectors = LeadingEigenpairs.scaledVectors(of: matrix, count: rank, start: { generator.normal() })
        else { return false }
        var (total, filled) = (0.0, 0)
        for row in 0..<n {
            let square = (0..<rank).reduce(0.0) {
                $0 + Double(vectors[row * rank + $1]) * Double(vectors[row * rank + $1])
            }
            if square > 0 { (total, filled) = (total + square.squareRoot(), filled + 1) }
        }
        let factor = filled > 0 && total > 0 ? Double(filled) / total : 1
        let noise = noise(d)
        for row in 0..<n {
            for column in 0..<d {
                let value = column < rank ? Double(vectors[row * rank + column]) * factor : 0
                target[row * d + column] = Float(value + noise * generator.normal())
            }
        }
        return true
    }

    /// A block that starts as: candidate = its input, forget gates spread from short to long memory, output gate 1, and no
    /// feed-forward part.
    private static func fill(
        _ block: BlockTensors, _ shape: TowerShape, _ generator: inout SplitMix64,
        _ parameters: UnsafeMutablePointer<Float>
    ) {
        let d = shape.dimension
        func noise(_ tensor: Tensor, _ deviation: Double) {
            for i in 0..<tensor.count { parameters[tensor.offset + i] = Float(deviation * generator.normal()) }
        }
        (parameters + block.feedNorm.offset).update(repeating: 1, count: d)
        if let recurrence = block.recurrence {
            (parameters + recurrence.gateNorm.offset).update(repeating: 1, count: d)
            noise(recurrence.gates, 0.02)
            noise(recurrence.mix, 0.02)
            for i in 0..<d {
                parameters[recurrence.gates.offset + (d + i) * d + i] += 1
                parameters[recurrence.mix.offset + i * d + i] += 1
                let spread = Double(i) / Double(max(1, d - 1))
                // Forget gates from σ(-1) = 0.27 to σ(3) = 0.95; silu(1.2785) = 1.
                parameters[recurrence.gatesBias.offset + i] = Float(-1 + 4 * spread)
                parameters[recurrence.gatesBias.offset + 2 * d + i] = 1.2785
            }
        }
        noise(block.feedUp, 1 / Double(d).squareRoot())
        noise(block.feedDown, 0.02)
    }
}
