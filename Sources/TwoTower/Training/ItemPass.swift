import LinearAlgebra

/// The bags of feature tokens of all items, one after the other.
package struct FeatureBags: Sendable {
    private var starts: [Int] = [0]
    private var rows: [Int32] = []

    package init(_ bags: [[Int32]]) {
        for bag in bags {
            rows += bag
            starts.append(rows.count)
        }
    }

    /// Token rows of an item.
    func withBag<Result>(of item: Int, _ body: (UnsafeBufferPointer<Int32>) -> Result) -> Result {
        rows.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[starts[item]..<starts[item + 1]])) }
    }

    func isEmpty(_ item: Int) -> Bool { starts[item] == starts[item + 1] }
}

/// The item tower over the items of one batch, forwards and backwards.
package final class ItemPass {
    private let layout: TowerLayout
    private let bags: FeatureBags
    /// The batch's items, ascending; row r of everything below is item `active[r]`.
    private(set) var active: [Int32] = []
    /// [active, d]: unit vectors.
    package let vectors: FloatBuffer
    private let lengths: FloatBuffer
    /// Whether the ID embedding took part.
    private var kept: [Bool] = []

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
            let vector = vectors.pointer + row * d
            let embedding = kept[row] ? parameters + layout.itemEmbedding.offset + item * d : nil
            bags.withBag(of: item) {
                ItemTower.sum(
                    embedding: embedding, bag: $0, tokens: parameters + layout.tokenEmbedding.offset, dimension: d,
                    into: vector)
            }
            lengths.pointer[row] = ItemTower.normalise(vector, dimension: d)
        }
    }

    /// Turns gradients of `vectors` [active, d], in place, into those of the item embedding's rows, and adds those of the tokens.
    package func backward(_ range: Range<Int>, gradient: UnsafeMutablePointer<Float>, gradients: DenseGradients) {
        let d = layout.shape.dimension
        let tokens = gradients.pointer(layout.tokenEmbedding)
        for row in range {
            let slot = gradient + row * d
            let length = lengths.pointer[row]
            guard length > 0 else {
                slot.update(repeating: 0, count: d)
                continue
            }
            RowMath.normaliseBackward(
                unit: vectors.pointer + row * d, length: length, gradient: slot, into: slot, count: d)
            bags.withBag(of: Int(active[row])) { bag in
                let share = bag.isEmpty ? 0 : 1 / Float(bag.count)
                for token in bag {
                    let target = tokens + Int(token) * d
                    for i in 0..<d { target[i] += slot[i] * share }
                }
            }
            if !kept[row] { slot.update(repeating: 0, count: d) }
        }
    }
}
