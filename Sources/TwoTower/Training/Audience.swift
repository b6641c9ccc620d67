import Foundation
import LinearAlgebra

/// Some shoppers' vectors at the end of the log, as the model reads them off: what an index of its items is tuned on.
enum Audience {
    /// Shoppers at most.
    static let size = 1024
    /// Events of one shopper that are read at most, the latest.
    private static let length = 200

    /// [shoppers, d]
    ///
    /// - Parameter items: [items, d], the vectors of the log's items.
    static func vectors(
        of histories: Histories, items: FloatBuffer, layout: TowerLayout, parameters: FloatBuffer, seed: UInt64
    ) -> FloatBuffer {
        let d = layout.shape.dimension
        var generator = SplitMix64(seed: seed, streams: 5)
        let shoppers = Array((0..<histories.shopperCount).shuffled(using: &generator).prefix(size))
        let vectors = FloatBuffer(count: shoppers.count * d)
        let pass = SequencePass(layout: layout, capacity: length, dropout: 0)
        let scale = exp(parameters.pointer[layout.logScale.offset])
        for (row, shopper) in shoppers.enumerated() {
            let events = histories.events(of: shopper).suffix(length)
            guard !events.isEmpty else { continue }
            var sequence = PackedSequences()
            for event in events { sequence.append(event, of: histories, item: histories.items[event]) }
            sequence.starts = [0, events.count]
            pass.forward(sequence, vectors: items.pointer, parameters: parameters.pointer, generator: nil)
            let target = vectors.pointer + row * d
            target.update(from: pass.output.pointer + (events.count - 1) * d, count: d)
            _ = ItemTower.normalise(target, dimension: d)
            for i in 0..<d { target[i] *= scale }
        }
        return vectors
    }
}
