import Commerce
import LinearAlgebra
import Retrieval
import Testing

/// Searches under filters, against the oracle that asks every item whether it passes.
struct FilteredSearchTests {
    private static let brands = ["Acme", "Bolt", "Cord", nil]
    private static let categories = [["Home"], ["Home", "Kitchen"], ["Home", "Kitchen", "Pans"], ["Toys"], []]

    private static func attributes(_ generator: inout Generator) -> ItemAttributes {
        ItemAttributes(
            profile: .init(
                category: categories.randomElement(using: &generator) ?? [],
                brand: brands.randomElement(using: &generator) ?? nil,
                markets: [[], ["de"], ["de", "fr"]].randomElement(using: &generator) ?? []),
            price: Bool.random(using: &generator) ? Float(Int.random(in: 1...50, using: &generator)) : nil,
            inStock: Int.random(in: 0..<4, using: &generator) > 0)
    }

    /// Of all kinds, from nothing to everything.
    private static let filters: [ItemFilter] = [
        .all([]), .any([]), .inStock, .not(.inStock), .price(10...20), .price(3...3), .category(["Home"]),
        .category(["Home", "Kitchen"]), .category([]), .brand("Acme"), .not(.brand("Acme")), .market("fr"),
        .market("xx"),
        .new, .items(Set((0..<40).map { ItemID("i\($0 * 9)") })), .not(.items([ItemID("i4"), ItemID("gone")])),
        .all([
            .inStock, .price(5...40), .not(.category(["Toys"])), .any([.brand("Bolt"), .brand("Cord")]), .market("de"),
        ]),
        .any([.all([.brand("Acme"), .price(1...2)]), .items([ItemID("i7")])]),
    ].map(ItemFilter.init)

    @Test(arguments: InstructionSet.available, IndexKind.allCases)
    func equalsOracle(level: InstructionSet, kind: IndexKind) throws {
        try equalsOracle(kind.make(dimension: 20), level)
    }

    private func equalsOracle<Index: ItemIndex>(_ empty: Index, _ level: InstructionSet) throws {
        var generator = Generator(state: 61)
        var index = empty
        var oracle = NaiveIndex()
        // Two memories: what one has compiled of an older copy must not show in the other.
        let (scratch, late) = (index.makeScratch(), index.makeScratch())
        var (copy, copied) = (index, oracle)
        for round in 0..<12 {
            for _ in 0..<[1500, 3, 0, 200][round % 4] {
                let item = ItemID("i\(Int.random(in: 0..<1800, using: &generator))")
                if Int.random(in: 0..<6, using: &generator) == 0 {
                    index.remove(item)
                    (oracle.vectors[item], oracle.attributes[item]) = (nil, nil)
                } else {
                    let attributes = Self.attributes(&generator)
                    let vector =
                        oracle.vectors[item].flatMap { Bool.random(using: &generator) ? $0 : nil }
                        ?? generator.coarseVector(20)
                    try index.upsert(item, vector.span, attributes, number: nil)
                    (oracle.vectors[item], oracle.attributes[item]) = (vector, attributes)
                    #expect(index.attributes(of: item) == attributes)
                }
            }
            if round == 5 { (copy, copied) = (index, oracle) }
            // Each user another filter, and some the same.
            let filters = (0..<37).map { _ in Self.filters.randomElement(using: &generator) ?? Self.filters[0] }
            let queries = filters.map { _ in generator.coarseVector(20) }
            let excluded = filters.map { _ in
                Set((0..<50).map { _ in ItemID("i\(Int.random(in: 0..<1800, using: &generator))") })
            }
            let flat = queries.flatMap { $0 }
            for k in [1, 20, 400] {
                try level.whileInForce {
                    for (index, oracle, scratch) in [
                        (index, oracle, scratch), (copy, copied, round % 2 == 0 ? scratch : late),
                    ] {
                        let found = try index.search(
                            queries: flat.span, k: k, filters: filters, excluding: excluded.map(Array.init),
                            scratch: scratch)
                        let expected = queries.indices.map {
                            oracle.search(queries[$0], k: k, excluding: excluded[$0], where: filters[$0].condition)
                        }
                        #expect(bits(found) == bits(expected), "round \(round), k \(k)")
                    }
                }
            }
        }
    }

    /// Extra scores raise nothing that a filter keeps out.
    @Test(arguments: IndexKind.allCases) func extraScoresPassNoFilter(kind: IndexKind) throws {
        func check<Index: ItemIndex>(_ empty: Index) throws {
            var generator = Generator(state: 62)
            var index = empty
            for number in 0..<600 {
                let (vector, attributes) = (generator.vector(8), Self.attributes(&generator))
                try index.upsert(ItemID("i\(number)"), vector.span, attributes, number: Int32(number))
            }
            var extras = ExtraScores()
            let numbers = (0..<600).map(Int32.init)
            let scores = numbers.map { Float($0) }
            extras.appendUser(numbers.span, scores.span)
            let query = generator.vector(8)
            let filter = ItemFilter(.all([.inStock, .brand("Acme")]))
            let found = try index.search(
                queries: query.span, k: 30, filters: [filter], adding: extras,
                scratch: index.makeScratch())[0]
            #expect(found.count == 30)
            #expect(
                found.allSatisfy {
                    index.attributes(of: $0.item).map { $0.inStock && $0.profile.brand == "Acme" } == true
                })
        }
        try check(kind.make(dimension: 8))
    }

    @Test func conditionsMeanWhatTheySay() {
        let pan = ItemAttributes(
            profile: .init(category: ["Home", "Kitchen"], brand: "Hearth", markets: ["de"]), price: 20, inStock: false)
        func holds(_ condition: ItemCondition, _ attributes: ItemAttributes, isNew: Bool = false) -> Bool {
            condition.holds(for: ItemID("pan"), attributes, isNew: isNew)
        }
        #expect(!holds(.inStock, pan) && holds(.inStock, .unknown))
        #expect(holds(.price(20...30), pan) && holds(.price(10...20), pan) && !holds(.price(21...30), pan))
        #expect(!holds(.price(0...Float.infinity), .unknown))
        #expect(holds(.category(["Home"]), pan) && holds(.category(["Home", "Kitchen"]), pan))
        #expect(!holds(.category(["Kitchen"]), pan) && !holds(.category(["Home", "Kitchen", "Pans"]), pan))
        #expect(holds(.brand("Hearth"), pan) && !holds(.brand("hearth"), pan) && !holds(.brand("Hearth"), .unknown))
        #expect(holds(.market("de"), pan) && !holds(.market("fr"), pan) && holds(.market("fr"), .unknown))
        #expect(holds(.items([ItemID("pan")]), pan) && !holds(.items([]), pan))
        #expect(holds(.new, pan, isNew: true) && !holds(.new, pan))
        #expect(holds(.not(.inStock), pan) && !holds(.any([]), pan) && holds(.all([]), pan))
        #expect(holds(.any([.inStock, .brand("Hearth")]), pan) && !holds(.all([.inStock, .brand("Hearth")]), pan))
    }

    @Test(arguments: IndexKind.allCases) func filtersAreOneForEachUser(kind: IndexKind) throws {
        var index = try kind.make(dimension: 2)
        try index.upsert(ItemID("a"), [1, 2].span)
        func search<Index: ItemIndex>(_ index: Index) throws -> [[ScoredItem]] {
            try index.search(
                queries: [1, 2, 3, 4].span, k: 1, filters: [ItemFilter(.inStock)],
                scratch: index.makeScratch())
        }
        #expect(throws: RetrievalError.filters(users: 2, found: 1)) { try search(index) }
    }

    /// What passes stands behind the blocks that a flat scan looks at first.
    @Test(arguments: IndexKind.allCases) func whatPassesMayStandAtTheEnd(kind: IndexKind) throws {
        var generator = Generator(state: 63)
        var index = try kind.make(dimension: 8)
        var oracle = NaiveIndex()
        for number in 0..<6000 {
            let (item, vector) = (ItemID("i\(number)"), generator.vector(8))
            let attributes = ItemAttributes(inStock: number >= 5000 || number == 7)
            try index.upsert(item, vector.span, attributes, number: nil)
            (oracle.vectors[item], oracle.attributes[item]) = (vector, attributes)
        }
        let queries = (0..<5).map { _ in generator.vector(8) }
        let found = try index.search(queries, k: 20, filter: ItemFilter(.inStock))
        #expect(bits(found) == bits(queries.map { oracle.search($0, k: 20, where: .inStock) }))

        // Also after a user for whom nothing passes.
        let conditions = [ItemCondition.any([])] + [ItemCondition](repeating: .inStock, count: 4)
        let flat = queries.flatMap { $0 }
        func search<Index: ItemIndex>(_ index: Index) throws -> [[ScoredItem]] {
            try index.search(
                queries: flat.span, k: 20, filters: conditions.map(ItemFilter.init), scratch: index.makeScratch())
        }
        #expect(try bits(search(index)) == bits(zip(queries, conditions).map { oracle.search($0, k: 20, where: $1) }))
    }

    /// By id, as the oracle has them, of an index that has seen changes.
    @Test(arguments: [1, 7]) func firstByID(lists: Int) throws {
        var generator = Generator(state: 64)
        var index = InvertedIndex(lists == 1 ? .single(dimension: 8) : .ofTests(dimension: 8))
        var oracle = NaiveIndex()
        for _ in 0..<4000 {
            let item = ItemID("i\(Int.random(in: 0..<2000, using: &generator))")
            let (vector, attributes) = (generator.vector(8), Self.attributes(&generator))
            if Int.random(in: 0..<5, using: &generator) == 0 {
                index.remove(item)
                oracle.vectors[item] = nil
            } else {
                try index.upsert(item, vector.span, attributes, number: nil)
                (oracle.vectors[item], oracle.attributes[item]) = (vector, attributes)
            }
        }
        let scratch = index.makeScratch()
        for filter in Self.filters {
            for k in [0, 1, 20, 3000] {
                let excluded = Set((0..<300).map { _ in ItemID("i\(Int.random(in: 0..<2000, using: &generator))") })
                let found = index.first(k, passing: filter, excluding: ItemExclusions(excluded), scratch: scratch)
                let expected = oracle.search(
                    [Float](repeating: 0, count: 8), k: k, excluding: excluded, where: filter.condition)
                #expect(found == expected.map(\.item))
            }
        }
    }

    /// What is held of profiles follows the profiles there are.
    @Test func attributesOfChurnAreForgotten() throws {
        var index = InvertedIndex(.single(dimension: 2))
        for round in 0..<5000 {
            let attributes = ItemAttributes(profile: .init(brand: "brand \(round)"))
            try index.upsert(ItemID("i\(round % 7)"), [1, 2].span, attributes, number: nil)
        }
        #expect(index.profileCount <= 8)
        #expect(
            try index.search([[1, 1]], k: 9, filter: ItemFilter(.brand("brand 4999")))[0].map(\.item) == [ItemID("i1")])
        #expect(try index.search([[1, 1]], k: 9, filter: ItemFilter(.brand("brand 3")))[0].isEmpty)
    }
}

/// Exclusions that a set of bits remembers.
struct RememberedExclusionTests {
    @Test(arguments: IndexKind.allCases) func whatTheFilterHoldsStaysOutUnlessSpared(kind: IndexKind) throws {
        func check<Index: ItemIndex>(_ empty: Index) throws {
            var generator = Generator(state: 71)
            var index = empty
            var older = BloomFilter()
            for number in 0..<300 {
                let (vector, item) = (generator.vector(8), ItemID("i\(number)"))
                let attributes = ItemAttributes(profile: .init(brand: number % 2 == 0 ? "Acme" : nil))
                try index.upsert(item, vector.span, attributes, number: nil)
                if number < 200 { older.insert(item) }
            }
            let query = generator.vector(8)
            func search(_ exclusions: ItemExclusions) throws -> [Int] {
                try index.search(
                    queries: query.span, k: 300, filters: [], excluding: [exclusions], adding: ExtraScores(),
                    scratch: index.makeScratch())[0].compactMap { Int($0.item.rawValue.dropFirst()) }
            }
            let left = try search(ItemExclusions([ItemID("i250")], older: older))
            #expect(Set(left) == Set(200..<300).subtracting([250]))
            let spared = try search(ItemExclusions(older: older, spared: .brand("Acme")))
            #expect(Set(spared) == Set((0..<300).filter { $0 >= 200 || $0 % 2 == 0 }))
        }
        try check(kind.make(dimension: 8))
    }

    /// More filters than a few, in turns: what is compiled of each is used again.
    @Test func filtersInUseAreCompiledOnce() throws {
        var generator = Generator(state: 54)
        var index = InvertedIndex(.single(dimension: 4))
        for number in 0..<50 { try index.upsert(ItemID("i\(number)"), generator.vector(4).span, number: nil) }
        let filters = (0..<400).map { ItemFilter(.items([ItemID("i\($0 % 50)")])) }
        let scratch = index.makeScratch()
        for _ in 0..<3 {
            for filter in filters {
                let query = generator.vector(4)
                let found = try index.search(queries: query.span, k: 2, filters: [filter], scratch: scratch)
                #expect(found[0].count == 1)
            }
        }
        #expect(scratch.compilations == 400)
    }
}
