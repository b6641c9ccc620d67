import LinearAlgebra

/// The item tower over the items of one batch, forwards and backwards.
package final class ItemPass: @unchecked Sendable {
    // Unchecked: in a parallel loop each piece has a range of rows of its own.
    private let layout: TowerLayout
    private let bags: FeatureBags
    /// The batch's items, ascending; row r of everything below is item `active[r]`.
    private(set) var active: [Int32] = []
    /// [active, d]: unit vectors.
    package let vectors: FloatBuffer
    private let lengths: FloatBuffer
    /// Whether the ID embedding took part.
    private var kept: [Bool] = []

    /// Rows that go through the projections together.
    private static let block = 256

    /// Memory for batches of up to `capacity` items.
    package init(layout: TowerLayout, bags: FeatureBags, capacity: Int) {
        self.layout = layout
        self.bags = bags
        vectors = FloatBuffer(count: capacity * layout.shape.dimension)
        lengths = FloatBuffer(count: capacity)
    }

    /// Chooses the batch's items and, by chance `idDropout`, which of those with features go without their ID embedding.
    package func select(_ active: [Int32], idDropout: Double, generator: inout SplitMix64) {
        self.active = active
        kept = active.map { item in generator.uniform() >= idDropout || bags.isEmpty(Int(item)) }
    }

    /// Chooses items whose ID embedding takes part exactly if `known` says so.
    package func select(_ active: [Int32], known: (Int32) -> Bool) {
        self.active = active
        kept = active.map(known)
    }

    /// Fills `vectors` for a range of the batch's items.
    package func forward(_ range: Range<Int>, parameters: UnsafePointer<Float>) {
        let d = layout.shape.dimension
        for row in range {
            let item = Int(active[row])
            bags.withFields(of: item) {
                ItemTower.sum(
                    embedding: kept[row] ? parameters + layout.itemEmbedding.offset + item * d : nil, bag: $0,
                    tokens: parameters + layout.tokenEmbedding.offset, gains: parameters + layout.fieldGain.offset,
                    dimension: d, into: vectors.pointer + row * d)
            }
        }
        forEachSuppliedBlock(range) { column, block, supplied in
            let weight = layout.projections[column]
            Blas.multiply(
                supplied, .plain,
                MatrixView(reading: parameters + weight.offset, rows: d, columns: supplied.columns), .transposed,
                into: MatrixView(vectors.pointer + block.lowerBound * d, rows: block.count, columns: d),
                accumulate: true)
        }
        for row in range {
            lengths.pointer[row] = ItemTower.normalise(vectors.pointer + row * d, dimension: d)
        }
    }

    /// Turns gradients of `vectors` [active, d], in place, into those of the item embedding's rows, and adds those of tokens,
    /// gains and projections.
    package func backward(
        _ range: Range<Int>, gradient: UnsafeMutablePointer<Float>, parameters: UnsafePointer<Float>,
        gradients: DenseGradients
    ) {
        let d = layout.shape.dimension
        for row in range {
            let slot = gradient + row * d
            guard lengths.pointer[row] > 0 else {
                slot.update(repeating: 0, count: d)
                continue
            }
            RowMath.normaliseBackward(
                unit: vectors.pointer + row * d, length: lengths.pointer[row], gradient: slot, into: slot, count: d)
            bags.withFields(of: Int(active[row])) { backward($0, slot, parameters, gradients) }
        }
        forEachSuppliedBlock(range) { column, block, supplied in
            Blas.multiply(
                MatrixView(gradient + block.lowerBound * d, rows: block.count, columns: d), .transposed, supplied,
                into: MatrixView(gradients.pointer(layout.projections[column]), rows: d, columns: supplied.columns),
                accumulate: true)
        }
        for row in range where !kept[row] { (gradient + row * d).update(repeating: 0, count: d) }
    }

    /// Adds the gradients of one item's tokens and of the gains, given that of its sum, `slot` [d].
    private func backward(
        _ bag: FieldRows, _ slot: UnsafePointer<Float>, _ parameters: UnsafePointer<Float>, _ gradients: DenseGradients
    ) {
        let d = layout.shape.dimension
        let gains = gradients.pointer(layout.fieldGain)
        let share = bag.share
        for field in 0..<bag.starts.count - 1 {
            let factor = parameters[layout.fieldGain.offset + field] * share
            for place in bag.starts[field]..<bag.starts[field + 1] {
                let token = Int(bag.rows[place]) * d
                gains[field] += share * RowMath.dot(slot, parameters + layout.tokenEmbedding.offset + token, d)
                let target = gradients.pointer(layout.tokenEmbedding) + token
                for i in 0..<d { target[i] += slot[i] * factor }
            }
        }
    }

    /// Calls `body` for each column and block of the range with the block's supplied vectors [block, width], zeros for items
    /// without one.
    private func forEachSuppliedBlock(_ range: Range<Int>, _ body: (Int, Range<Int>, MatrixView<Float>) -> Void) {
        for (column, supplied) in bags.vectors.enumerated() {
            withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.block * supplied.width) { memory in
                guard let base = memory.baseAddress else { return }
                for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.block) {
                    let block = start..<min(start + Self.block, range.upperBound)
                    for row in block {
                        let target = base + (row - start) * supplied.width
                        if let source = supplied.pointer(of: Int(active[row])) {
                            target.update(from: source, count: supplied.width)
                        } else {
                            target.update(repeating: 0, count: supplied.width)
                        }
                    }
                    body(column, block, MatrixView(base, rows: block.count, columns: supplied.width))
                }
            }
        }
    }
}
