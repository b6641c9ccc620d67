import Commerce
import LinearAlgebra
import Retrieval
import Testing

/// Searches with extra scores, against the oracle that adds them to every item's dot product and sorts everything.
struct ExtraScoreTests {
    /// Items enter, are replaced and leave, half of them without a number; extra scores fall on held, absent, excluded and
    /// never heard-of items, some of them zero, many of them making scores equal.
    @Test(arguments: InstructionSet.available, IndexKind.allCases)
    func equalsOracle(level: InstructionSet, kind: IndexKind) throws {
        try equalsOracle(kind.make(dimension: 20), level)
    }

    private func equalsOracle<Index: ItemIndex>(_ empty: Index, _ level: InstructionSet) throws {
        let dimension = empty.dimension
        var generator = Generator(state: 31)
        var index = empty
        var oracle = NaiveIndex()
        let scratch = index.makeScratch()
        let numbers = (0..<1800).map { $0 % 2 == 0 ? Int32($0 * 5) : nil }
        func item(_ number: Int) -> ItemID { ItemID(number % 4 < 2 ? "i\(number)" : "category-\(number)") }
        var moved = 0
        for size in [1, 40, 1300, 600, 3] {
            while oracle.vectors.count != size || Bool.random(using: &generator) {
                let number = Int.random(in: 0..<numbers.count, using: &generator)
                if oracle.vectors.count > size || Int.random(in: 0..<8, using: &generator) == 0 {
                    index.remove(item(number))
                    oracle.vectors[item(number)] = nil
                } else {
                    let vector = generator.coarseVector(dimension)
                    try index.upsert(item(number), vector.span, number: numbers[number])
                    oracle.vectors[item(number)] = vector
                }
            }
            let before = index
            for k in [1, 10, size, size + 9, .max] {
                let users = k == 10 ? 70 : 3
                var extras = ExtraScores()
                var expected: [[ScoredItem]] = []
                var queries: [[Float]] = []
                var excluded: [Set<ItemID>] = []
                for user in 0..<users {
                    queries.append(generator.coarseVector(dimension))
                    excluded.append(Set((0..<numbers.count).filter { $0 % 5 == user % 6 }.map(item)))
                    var added: [ItemID: Float] = [:]
                    var named: [(number: Int32, score: Float)] = []
                    for number in numbers.indices.shuffled(using: &generator).prefix(user % 7 * 60) {
                        let choices: [Float] = [0, 0.5, 1, 3, .random(in: 0...9, using: &generator)]
                        guard let name = numbers[number], let extra = choices.randomElement(using: &generator) else {
                            continue
                        }
                        named.append((name, extra))
                        added[item(number)] = extra
                    }
                    for absent in [-1, 7, 10_001, .max] as [Int32] { named.append((absent, 100)) }
                    extras.appendUser(named)
                    expected.append(oracle.search(queries[user], k: k, excluding: excluded[user], adding: added))
                }
                let flat = queries.flatMap { $0 }
                let found = try level.whileInForce {
                    try index.search(
                        queries: flat.span, k: k, excluding: excluded.map(Array.init), adding: extras, scratch: scratch)
                }
                #expect(bits(found ?? []) == bits(expected), "size \(size), k \(k), \(level)")
                let dense = try index.search(
                    queries: flat.span, k: k, excluding: excluded.map(Array.init), scratch: scratch)
                if bits(dense) != bits(expected) { moved += 1 }
            }
            #expect(before.count == index.count)
        }
        #expect(moved > 10, "extra scores must show in results, or this test shows nothing")
    }

    /// Beside vectors this small an extra score is all of the score: what differs before the sum is one score after it.
    @Test(arguments: IndexKind.allCases) func sumsThatRoundToOneScoreGoByTheItem(kind: IndexKind) throws {
        func check<Index: ItemIndex>(_ empty: Index) throws {
            var index = empty
            var short = [Float](repeating: 0, count: 16)
            short[0] = -1e-10
            try index.upsert(ItemID("b"), [Float](repeating: 0, count: 16).span, number: 0)
            try index.upsert(ItemID("a"), short.span, number: 1)
            var query = [Float](repeating: 0, count: 16)
            query[0] = 1
            var extras = ExtraScores()
            extras.appendUser([(0, 0.01), (1, 0.01)])
            let found = try index.search(queries: query.span, k: 1, adding: extras, scratch: index.makeScratch())
            #expect(found[0].map(\.item) == [ItemID("a")] && found[0].map(\.score) == [0.01])
        }
        try check(kind.make(dimension: 16))
    }

    /// What the protocol's comment proves: the dense top k and the items with an extra score hold the result.
    @Test func candidatesSuffice() throws {
        var generator = Generator(state: 32)
        var oracle = NaiveIndex()
        for i in 0..<300 { oracle.vectors[ItemID("i\(i)")] = generator.coarseVector(6) }
        for k in [1, 5, 20] {
            for _ in 0..<50 {
                let query = generator.coarseVector(6)
                let excluded = Set(
                    (0..<300).filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }.map { ItemID("i\($0)") })
                var added: [ItemID: Float] = [:]
                for _ in 0..<15 {
                    added[ItemID("i\(Int.random(in: 0..<300, using: &generator))")] =
                        Float(Int.random(in: 0...4, using: &generator)) / 2
                }
                let result = oracle.search(query, k: k, excluding: excluded, adding: added)
                let candidates = Set(oracle.search(query, k: k, excluding: excluded).map(\.item)).union(added.keys)
                #expect(candidates.isSuperset(of: result.map(\.item)))
            }
        }
    }

    @Test func batchLeavesNoTrace() throws {
        var generator = Generator(state: 33)
        var index = ExactIndex(dimension: 32)
        for i in 0..<1300 { try index.upsert(ItemID("i\(i)"), generator.vector(32).span, number: Int32(i)) }
        let queries = (0..<50).map { _ in generator.vector(32) }
        let extras = (0..<50).map { user in
            (0..<(user * 8)).map { (number: Int32($0 * 3), score: Float(($0 * user) % 11) / 10) }
        }
        func search(_ users: [Int]) throws -> [[ScoredItem]] {
            var all = ExtraScores()
            for user in users { all.appendUser(extras[user]) }
            let flat = users.flatMap { queries[$0] }
            return try index.search(
                queries: flat.span, k: 20, adding: all, scratch: index.makeScratch())
        }
        let together = try search(Array(0..<50))
        #expect(bits(try (0..<50).map { try search([$0])[0] }) == bits(together))
        #expect(Set(bits(together)).count == 50)
    }

    /// A snapshot finds its items by number as they stood, whatever happens to the original.
    @Test func numbersOfSnapshotsStandStill() throws {
        var index = ExactIndex(dimension: 1)
        for i in 0..<1200 { try index.upsert(ItemID("i\(i)"), [0].span, number: Int32(i)) }
        let snapshot = index
        func first(_ index: ExactIndex, _ number: Int32) throws -> String? {
            var extras = ExtraScores()
            extras.appendUser([(number, 1)])
            let found = try index.search(
                queries: [1].span, k: 1, adding: extras, scratch: index.makeScratch())
            return found[0].first.flatMap { $0.score == 1 ? $0.item.rawValue : nil }
        }
        for i in 0..<1200 where i % 3 != 0 { index.remove(ItemID("i\(i)")) }
        try index.upsert(ItemID("again"), [0].span, number: 4)
        for i in 0..<1200 {
            #expect(try first(snapshot, Int32(i)) == "i\(i)")
            #expect(try first(index, Int32(i)) == (i == 4 ? "again" : i % 3 == 0 ? "i\(i)" : nil))
        }
    }

    @Test func refusesWhatIsNoExtraScore() throws {
        var index = ExactIndex(dimension: 1)
        try index.upsert(ItemID("a"), [2].span, number: 3)
        let scratch = index.makeScratch()
        func search(_ score: Float, users: Int = 1) throws -> [[ScoredItem]] {
            var extras = ExtraScores()
            for _ in 0..<users { extras.appendUser([(3, score)]) }
            return try index.search(
                queries: [1].span, k: 1, adding: extras, scratch: scratch)
        }
        for bad in [-1, -.leastNonzeroMagnitude, 1.1e15, .infinity] as [Float] {
            #expect(throws: RetrievalError.extraScore(user: 0, number: 3, score: bad)) { try search(bad) }
        }
        let error = #expect(throws: RetrievalError.self) { try search(.nan) }
        #expect(error?.description.contains("item number 3") == true)
        #expect(throws: RetrievalError.extraScores(users: 1, found: 2)) { try search(1, users: 2) }
        #expect(try search(RetrievalError.largestCoordinate)[0][0].score.isFinite)
        #expect(try search(1) == [[ScoredItem(item: ItemID("a"), score: 3, number: 3)]])
    }
}

extension ExtraScores {
    mutating func appendUser(_ extras: [(number: Int32, score: Float)]) {
        appendUser(extras.map(\.number).span, extras.map(\.score).span)
    }
}
