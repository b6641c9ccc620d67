import Commerce
import LinearAlgebra
import Retrieval
import Testing

/// What a search returns, against the oracle and against itself under other circumstances.
struct IndexTests {
    /// Random histories of upserts, replacements and removals, with many equal scores, searched for every kind of k.
    @Test(arguments: InstructionSet.available, IndexKind.allCases)
    func equalsOracle(level: InstructionSet, kind: IndexKind) throws {
        for dimension in [1, 16, 20, 64] { try equalsOracle(kind.make(dimension: dimension), level) }
    }

    private func equalsOracle<Index: ItemIndex>(_ empty: Index, _ level: InstructionSet) throws {
        let dimension = empty.dimension
        var generator = Generator(state: UInt64(dimension))
        var index = empty
        var oracle = NaiveIndex()
        let scratch = index.makeScratch()
        for size in [0, 1, 30, 700, 1600, 500, 3] {
            while oracle.vectors.count != size || Bool.random(using: &generator) {
                // Ids share a prefix longer than eight bytes, half of them.
                let number = Int.random(in: 0..<1800, using: &generator)
                let item = ItemID(number.isMultiple(of: 2) ? "i\(number)" : "category-\(number)")
                let remove = oracle.vectors.count > size ? true : Int.random(in: 0..<8, using: &generator) == 0
                if remove {
                    let removed = index.remove(item)
                    #expect(removed == (oracle.vectors.removeValue(forKey: item) != nil))
                } else {
                    let coarse = Bool.random(using: &generator)
                    let vector = coarse ? generator.coarseVector(dimension) : generator.vector(dimension)
                    try index.upsert(item, vector.span)
                    oracle.vectors[item] = vector
                }
            }
            #expect(index.count == oracle.vectors.count)
            #expect(oracle.vectors.keys.allSatisfy { index.contains($0) } && !index.contains(ItemID("never")))
            let items = oracle.vectors.keys.sorted()
            for k in [Int.min, -1, 0, 1, 20, size / 2, size, size + 7, .max] {
                let users = k == 20 ? 37 : 3
                let queries = (0..<users).map {
                    $0 % 3 == 0 ? [Float](repeating: 0, count: dimension) : generator.coarseVector(dimension)
                }
                let excluded = (0..<users).map { user -> Set<ItemID> in
                    if user == 1 { return Set(items) }
                    return Set(
                        items.filter { _ in Int.random(in: 0..<4, using: &generator) < user % 4 } + [ItemID("gone")])
                }
                let flat = queries.flatMap { $0 }
                let found = try level.whileInForce {
                    try index.search(
                        queries: flat.span, k: k, excluding: excluded.map(Array.init), scratch: scratch)
                }
                let expected = zip(queries, excluded).map { oracle.search($0, k: k, excluding: $1) }
                #expect(bits(found ?? []) == bits(expected), "dimension \(dimension), size \(size), k \(k)")
            }
        }
    }

    /// The same vectors by another way, in another order and after many changes: the same bytes.
    @Test(arguments: IndexKind.allCases) func arrivalOrderLeavesNoTrace(kind: IndexKind) throws {
        var generator = Generator(state: 11)
        let dimension = 24
        var vectors: [ItemID: [Float]] = [:]
        for i in 0..<2000 {
            let fine = i.isMultiple(of: 2)
            vectors[ItemID("item-\(i)")] = fine ? generator.vector(dimension) : generator.coarseVector(dimension)
        }
        let queries = (0..<20).map { _ in generator.coarseVector(dimension) }
        let expected = bits(
            try kind.make(dimension: dimension, vectors.sorted { $0.key < $1.key }).search(queries, k: 50))
        #expect(Set(expected.flatMap { $0 }).count > 100)

        for _ in 0..<3 {
            var index = try kind.make(dimension: dimension)
            for i in (0..<1500).shuffled(using: &generator) {  // what comes first is replaced or removed later
                try index.upsert(ItemID(i < 700 ? "other-\(i)" : "item-\(i)"), generator.vector(dimension).span)
            }
            for (item, vector) in vectors.shuffled(using: &generator) {
                if Bool.random(using: &generator) { index.remove(item) }
                try index.upsert(item, vector.span)
            }
            for i in (0..<700).shuffled(using: &generator) { index.remove(ItemID("other-\(i)")) }
            #expect(bits(try index.search(queries, k: 50)) == expected)
        }
    }

    @Test(arguments: InstructionSet.available, IndexKind.allCases)
    func batchAndInstructionsLeaveNoTrace(level: InstructionSet, kind: IndexKind) throws {
        var generator = Generator(state: 12)
        var index = try kind.make(dimension: 48)
        for i in 0..<1300 { try index.upsert(ItemID("i\(i)"), generator.vector(48).span) }
        let queries = (0..<75).map { _ in generator.vector(48) }
        let excluded = (0..<75).map { user in Set((0..<user).map { ItemID("i\($0 * 7)") }) }
        let alone = try InstructionSet.portable.whileInForce {
            try queries.indices.map { try index.search([queries[$0]], k: 20, excluding: [excluded[$0]])[0] }
        }
        let together = try level.whileInForce { try index.search(queries, k: 20, excluding: excluded) }
        #expect(bits(alone ?? []) == bits(together ?? []))
        #expect(Set(bits(alone ?? [])).count == 75)
    }

    /// Equal scores go by the bytes of the ids, whatever Swift thinks of the order of characters.
    @Test(arguments: IndexKind.allCases) func tiesGoByBytes(kind: IndexKind) throws {
        let ids = [
            "", "\0", "a", "a\0", "aB", "ab", "abcdefgh", "abcdefgh\0", "abcdefghi", "abcdefghj", "z", "é", "日本",
        ]
        var index = try kind.make(dimension: 3)
        for id in ids.reversed() { try index.upsert(ItemID(id), [1, 2, 3].span) }
        let found = try index.search([[1, 1, 1]], k: 100)[0]
        #expect(found.map { Array($0.item.rawValue.utf8) } == ids.map { Array($0.utf8) })
        #expect(found.allSatisfy { $0.score == 6 })
    }
}
