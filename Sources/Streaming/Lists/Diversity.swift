import LinearAlgebra

/// Chooses candidates that score high and are unlike what is in the list: maximal marginal relevance (Carbonell and Goldstein,
/// "The use of MMR, diversity-based reranking", SIGIR 1998).
///
///     next = argmax over i of (1 - w) · r(i) - w · max over j in the list of cos(i, j)
///
/// The relevance r is the score brought to 0…1 by the lowest and the highest of the pool, r = (s - low) / (high - low), 0 where they are equal:
/// scores of two shoppers differ in their spread, cosines do not, and one weight has to serve all. In an empty list, and for an item
/// without a vector, the cosine is 0. Of equal ones the first of the pool is chosen.
struct Diversity {
    private let weight: Float
    private let relevance: [Float]
    /// (pool, width), each row of length 1; of zeros without a vector.
    private var rows: [Float] = []
    /// Coordinates of a row: those of a vector, filled up with zeros for the kernels.
    private var width = 0
    /// For each of the pool the largest cosine with what is in the list; empty as long as the list is.
    private var similarity: [Float] = []

    /// - Parameters:
    ///   - scores: of the pool.
    ///   - vector: of one of the pool by its place, nil where it is not known; all have the same number of coordinates.
    init(weight: Float, scores: [Float], vector: (Int) -> [Float]?) {
        self.weight = weight
        let (low, high) = (scores.min() ?? 0, scores.max() ?? 0)
        relevance = scores.map { high > low ? ($0 - low) / (high - low) : 0 }
        let vectors = scores.indices.map(vector)
        width = Kernels.padded(vectors.lazy.compactMap(\.?.count).max() ?? 0)
        rows.reserveCapacity(scores.count * width)
        for vector in vectors { rows += unit(vector) }
    }

    /// Takes an item into the list, of the pool or not.
    mutating func add(_ vector: [Float]?) {
        guard width > 0 else { return }
        let new = unit(vector)
        let cosines = relevance.indices.map { row in
            Kernels.dot(rows.span.extracting(row * width..<(row + 1) * width), new.span)
        }
        similarity = similarity.isEmpty ? cosines : zip(similarity, cosines).map { max($0, $1) }
    }

    /// Where in `places`, places in the pool that rise and are not none, the best one stands.
    func best(of places: [Int]) -> Int {
        var best = (index: 0, value: -Float.infinity)
        for (index, place) in places.enumerated() {
            let likeness = similarity.isEmpty ? 0 : similarity[place]
            let value = (1 - weight) * relevance[place] - weight * likeness
            if value > best.value { best = (index, value) }
        }
        return best.index
    }

    /// A row of the length 1 from a vector; zeros without one.
    private func unit(_ vector: [Float]?) -> [Float] {
        guard width > 0 else { return [] }
        var row = Array((vector ?? []).prefix(width))
        row += repeatElement(0, count: width - row.count)
        var span = row.mutableSpan
        Kernels.l2Normalise(&span, width: width)
        return row
    }
}
