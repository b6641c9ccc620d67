import LinearAlgebra

/// Where the projections of supplied vectors start: at the ridge regression of the items' embeddings on them, so that an item of
/// which nothing but such a vector is known begins among the items whose vectors are like its own.
package enum ProjectionStart {
    /// Items that go through the sums together.
    private static let block = 512
    /// The penalty, as a share of what a direction of the vectors holds on average.
    private static let ridge = 0.1

    /// Fills every projection P [d, width] that is new, the minimum of Σ |P x - e|² + λ |P|² over the items that training has
    /// seen; zeros where that has no sound solution.
    package static func fill(
        _ layout: TowerLayout, _ histories: Histories, _ bags: FeatureBags, _ parameters: UnsafeMutablePointer<Float>,
        isNew: (Tensor) -> Bool = { _ in true }
    ) {
        let counts = histories.itemCounts(layout.shape.items)
        for (column, vectors) in bags.vectors.enumerated() where isNew(layout.projections[column]) {
            let items = counts.indices.filter { counts[$0] > 0 && vectors.pointer(of: $0) != nil }
            fill(layout.projections[column], layout, vectors, items, parameters)
        }
    }

    private static func fill(
        _ projection: Tensor, _ layout: TowerLayout, _ vectors: SuppliedVectors, _ items: [Int],
        _ parameters: UnsafeMutablePointer<Float>
    ) {
        let (d, width) = (layout.shape.dimension, vectors.width)
        let (gram, moment) = (FloatBuffer(count: width * width), FloatBuffer(count: width * d))
        sums(layout, vectors, items, parameters, gram: gram, moment: moment)
        var matrix = gram.values.map(Double.init)
        // Unit vectors: the trace of the Gram matrix is the number of items.
        let penalty = ridge * Double(max(1, items.count)) / Double(width)
        for index in 0..<width { matrix[index * width + index] += penalty }
        var right = moment.values.map(Double.init)
        var half = [Double](repeating: 0, count: width * d)
        let isSolved = matrix.withUnsafeMutableBufferPointer { matrix in
            right.withUnsafeMutableBufferPointer { right in
                half.withUnsafeMutableBufferPointer { half in
                    guard let m = matrix.baseAddress, let r = right.baseAddress, let h = half.baseAddress else {
                        return false
                    }
                    let inverse = MatrixView(m, rows: width, columns: width)
                    guard Blas.invertCholeskyFactor(inverse) else { return false }
                    // (C Cᵀ)⁻¹ R = C⁻ᵀ (C⁻¹ R)
                    let (r2, h2) = (MatrixView(r, rows: width, columns: d), MatrixView(h, rows: width, columns: d))
                    Blas.multiply(inverse, .plain, r2, into: h2)
                    Blas.multiply(inverse, .transposed, h2, into: r2)
                    return true
                }
            }
        }
        guard isSolved, right.allSatisfy({ $0.isFinite }) else { return }
        let target = parameters + projection.offset
        for row in 0..<d { for column in 0..<width { target[row * width + column] = Float(right[column * d + row]) } }
    }

    /// Adds up Xᵀ X (its lower triangle) and Xᵀ E over the items, a block at a time.
    private static func sums(
        _ layout: TowerLayout, _ vectors: SuppliedVectors, _ items: [Int], _ parameters: UnsafePointer<Float>,
        gram: FloatBuffer, moment: FloatBuffer
    ) {
        let (d, width) = (layout.shape.dimension, vectors.width)
        let (supplied, embeddings) = (FloatBuffer(count: block * width), FloatBuffer(count: block * d))
        for start in stride(from: 0, to: items.count, by: block) {
            let chosen = items[start..<min(start + block, items.count)]
            for (row, item) in chosen.enumerated() {
                guard let vector = vectors.pointer(of: item) else { continue }
                (supplied.pointer + row * width).update(from: vector, count: width)
                (embeddings.pointer + row * d).update(
                    from: parameters + layout.itemEmbedding.offset + item * d, count: d)
            }
            let x = MatrixView(supplied.pointer, rows: chosen.count, columns: width)
            Blas.accumulateGram(.transposed, x, intoLower: MatrixView(gram.pointer, rows: width, columns: width))
            Blas.multiply(
                x, .transposed, MatrixView(embeddings.pointer, rows: chosen.count, columns: d),
                into: MatrixView(moment.pointer, rows: width, columns: d), accumulate: true)
        }
    }
}
