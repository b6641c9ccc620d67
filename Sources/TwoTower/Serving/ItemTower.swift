import LinearAlgebra

/// The token rows of one item in flat memory: field f has `rows[starts[f]..<starts[f + 1]]`.
package struct FieldRows {
    let rows: UnsafeBufferPointer<Int32>
    /// One more than there are fields.
    let starts: UnsafeBufferPointer<Int>

    /// Weight of each token before its field's gain: 1 / the number of the item's tokens, 0 if it has none.
    var share: Float {
        let count = starts[starts.count - 1] - starts[0]
        return count > 0 ? 1 / Float(count) : 0
    }
}

/// What training and serving share of the item tower: an item's vector is the sum of its ID embedding, if it has one, of the mean
/// of its token embeddings, each times its field's gain, and of the projections of its supplied vectors, brought to unit
/// length.
///
/// One order of additions, whoever calls: serving and training see equal bits for equal parameters (but for the projections,
/// which training does many at a time).
package enum ItemTower {
    /// result[d] = embedding[d] + 1 / n · Σ_f gains[f] · Σ_k tokens[k, d] over field f's rows, n those of all fields.
    static func sum(
        embedding: UnsafePointer<Float>?, bag: FieldRows, tokens: UnsafePointer<Float>, gains: UnsafePointer<Float>,
        dimension: Int, into result: UnsafeMutablePointer<Float>
    ) {
        if let embedding {
            result.update(from: embedding, count: dimension)
        } else {
            result.update(repeating: 0, count: dimension)
        }
        let share = bag.share
        for field in 0..<bag.starts.count - 1 {
            let factor = gains[field] * share
            for place in bag.starts[field]..<bag.starts[field + 1] {
                let token = tokens + Int(bag.rows[place]) * dimension
                for column in 0..<dimension { result[column] += token[column] * factor }
            }
        }
    }

    /// Divides vector[d] by its length, which is returned; zeros and 0 if it has none.
    package static func normalise(_ vector: UnsafeMutablePointer<Float>, dimension: Int) -> Float {
        let row = UnsafeBufferPointer(start: vector, count: dimension)
        let length = Kernels.dot(row.span, row.span).squareRoot()
        guard length > 0, length.isFinite else {
            vector.update(repeating: 0, count: dimension)
            return 0
        }
        for column in 0..<dimension { vector[column] /= length }
        return length
    }
}
