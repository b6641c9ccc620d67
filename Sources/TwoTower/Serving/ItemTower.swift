import LinearAlgebra

/// The item tower: an item's vector is its ID embedding, if it has one, plus the mean of its features' embeddings, brought
/// to unit length.
///
/// One order of additions, whoever calls: serving and training see equal bits for equal parameters.
package enum ItemTower {
    /// result[d] = embedding[d] + (1 / n) Σ tokens[bag[k], d].
    package static func sum(
        embedding: UnsafePointer<Float>?, bag: UnsafeBufferPointer<Int32>, tokens: UnsafePointer<Float>, dimension: Int,
        into result: UnsafeMutablePointer<Float>
    ) {
        result.update(repeating: 0, count: dimension)
        for row in bag {
            let token = tokens + Int(row) * dimension
            for column in 0..<dimension { result[column] += token[column] }
        }
        let share = bag.isEmpty ? 0 : 1 / Float(bag.count)
        if let embedding {
            for column in 0..<dimension { result[column] = result[column] * share + embedding[column] }
        } else {
            for column in 0..<dimension { result[column] *= share }
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
