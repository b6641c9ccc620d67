import LinearAlgebra

/// Where the tokens' embeddings start: at the mean of the embeddings of the items that training has seen with the token.
enum TokenStart {
    /// Fills the rows of the tokens that are new; the items' embeddings must stand.
    static func fill(
        _ layout: TowerLayout, _ histories: Histories, _ bags: FeatureBags, _ parameters: UnsafeMutablePointer<Float>,
        isNew: (Int) -> Bool = { _ in true }
    ) {
        let d = layout.shape.dimension
        let tokens = parameters + layout.tokenEmbedding.offset
        let new = (0..<layout.shape.tokens).map(isNew)
        var items = [Float](repeating: 0, count: layout.shape.tokens)
        for (item, count) in histories.itemCounts(layout.shape.items).enumerated() where count > 0 {
            let embedding = parameters + layout.itemEmbedding.offset + item * d
            bags.withFields(of: item) { bag in
                for token in bag.rows[bag.starts[0]..<bag.starts[bag.starts.count - 1]] where new[Int(token)] {
                    items[Int(token)] += 1
                    for i in 0..<d { tokens[Int(token) * d + i] += embedding[i] }
                }
            }
        }
        for token in 0..<layout.shape.tokens where items[token] > 0 {
            for i in 0..<d { tokens[token * d + i] /= items[token] }
        }
    }
}
