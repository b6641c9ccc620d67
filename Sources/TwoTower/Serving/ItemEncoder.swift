import Commerce
import LinearAlgebra

/// The item tower as it serves: one item at a time, by kernels whose bits do not depend on the processor.
package struct ItemEncoder: Sendable {
    private let layout: TowerLayout
    private let parameters: FloatBuffer
    /// Per vector column: the projection as the kernels take it, [width, d].
    private let projections: [FloatBuffer]

    package init(layout: TowerLayout, parameters: FloatBuffer) {
        self.layout = layout
        self.parameters = parameters
        projections = layout.projections.map { $0.transposed(in: parameters) }
    }

    /// Writes the unit vector [d] of an item.
    ///
    /// - Parameters:
    ///   - item: its place among `features`.
    ///   - row: of the ID embedding, nil for an item without one.
    /// - Returns: false, with zeros written, for an item of which nothing is known.
    package func encode(
        _ item: Int, of features: FeatureBags, row: Int?, into vector: UnsafeMutablePointer<Float>
    ) -> Bool {
        let d = layout.shape.dimension
        let base = UnsafePointer(parameters.pointer)
        features.withFields(of: item) {
            ItemTower.sum(
                embedding: row.map { base + layout.itemEmbedding.offset + $0 * d }, bag: $0,
                tokens: base + layout.tokenEmbedding.offset, gains: base + layout.fieldGain.offset, dimension: d,
                into: vector)
        }
        for (column, supplied) in features.vectors.enumerated() {
            guard let values = supplied.pointer(of: item) else { continue }
            var target = UnsafeMutableBufferPointer(start: vector, count: d).mutableSpan
            Kernels.accumulate(
                UnsafeBufferPointer(start: values, count: supplied.width).span,
                weights: projections[column].values.span, rows: 1, inputs: supplied.width, outputs: d, into: &target)
        }
        return ItemTower.normalise(vector, dimension: d) > 0
    }

    /// The unit vectors [items, d] of all of `features`, whose item i has ID embedding i, on all cores.
    package func encodeKnown(_ features: FeatureBags) -> FloatBuffer {
        let d = layout.shape.dimension
        let vectors = FloatBuffer(count: layout.shape.items * d)
        Parallel.ranges(of: layout.shape.items) { _, range in
            for item in range { _ = encode(item, of: features, row: item, into: vectors.pointer + item * d) }
        }
        return vectors
    }
}
