import Commerce
import LinearAlgebra
import Retrieval
import Testing

/// What lists that are not all looked into leave of a result, and what they may not depend on.
struct InvertedIndexTests {
    static let dimension = 24

    struct Division: CustomTestStringConvertible {
        let lists: Int
        let regions: Int

        var testDescription: String { "\(lists) lists in \(regions) regions" }
    }

    /// The second has more regions than a search opens at first.
    private static let divisions = [Division(lists: 30, regions: 1), .init(lists: 150, regions: 50)]

    /// Points around some centres, as a trained tower's are; every one twice, so that there are ties.
    static func clustered(_ count: Int, _ generator: inout Generator) -> [(key: ItemID, value: [Float])] {
        let centres = (0..<40).map { _ in generator.vector(dimension) }
        return (0..<count).map { number in
            var again = Generator(state: UInt64(number / 2 + 1))
            let centre = centres[number / 2 % centres.count]
            return (ItemID("item-\(number)"), zip(centre, again.vector(dimension)).map { $0 + 0.3 * $1 })
        }
    }

    @Test(arguments: InstructionSet.available, Self.divisions)
    func aFewListsGiveTheSameWhateverTheWay(level: InstructionSet, division: Division) throws {
        var generator = Generator(state: 41)
        let items = Self.clustered(3000, &generator)
        let flat = items.flatMap(\.value)
        let partition = Partition.train(
            flat.span, dimension: Self.dimension, lists: division.lists, regions: division.regions)
        let queries = (0..<70).map { _ in generator.vector(Self.dimension) }
        let excluded = (0..<70).map { user in Set((0..<user * 4).map { ItemID("item-\($0 * 7)") }) }
        // All, a half of what lies together, one in seventeen, none.
        let conditions: [ItemCondition] = [
            .market("any"), .items(Set(items.indices.filter { $0 / 2 % 40 < 20 }.map { items[$0].key })),
            .items(Set(items.indices.filter { $0 % 17 == 0 }.map { items[$0].key })), .any([]),
        ]
        let filters = conditions.map(ItemFilter.init)
        func search(_ index: InvertedIndex, _ users: Range<Int>) throws -> [[ScoredItem]] {
            let flat = queries[users].flatMap { $0 }
            return try index.search(
                queries: flat.span, k: 20, filters: users.map { filters[$0 % 4] },
                excluding: users.map { ItemExclusions(excluded[$0]) }, adding: ExtraScores(),
                scratch: index.makeScratch())
        }
        func fill(_ items: [(key: ItemID, value: [Float])]) throws -> InvertedIndex {
            var index = InvertedIndex(partition).looking(.init(slack: 0.1))
            for (item, vector) in items { try index.upsert(item, vector.span) }
            return index
        }
        let expected = try InstructionSet.portable.whileInForce {
            let index = try fill(items)
            return try queries.indices.map { try search(index, $0..<$0 + 1)[0] }
        }
        var index = try fill(items.shuffled(using: &generator))
        for (item, _) in items.shuffled(using: &generator).prefix(1000) { index.remove(item) }
        for (item, vector) in items.shuffled(using: &generator) { try index.upsert(item, vector.span) }
        let found = try level.whileInForce { try search(index, 0..<70) }
        #expect(bits(found ?? []) == bits(expected ?? []))
        let all = try search(index.looking(.everything), 0..<70)
        #expect(bits(all) != bits(expected ?? []), "a few lists must miss something, or this test shows nothing")
    }

    @Test(arguments: Self.divisions) func recallRisesToOne(division: Division) throws {
        var generator = Generator(state: 42)
        let items = Self.clustered(3000, &generator)
        let index = try Self.index(items, division)
        let queries = (0..<100).map { _ in generator.vector(Self.dimension) }
        let truth = try ExactIndex(dimension: Self.dimension).adding(items).search(queries, k: 20)
        let recalls = try [0, 0.2, 0.5, 1, .infinity].map {
            Self.recall(try index.looking(.init(slack: $0)).search(queries, k: 20), truth)
        }
        #expect(recalls == recalls.sorted() && recalls[0] < 0.9 && recalls.last == 1, "\(recalls)")
    }

    /// Numbers that are too small to have a code, beside others or alone.
    @Test(arguments: [1, 1e-20, 1e-22, 1e-35, 1e-42] as [Double], [1, 1e-20, 1e-23, 1e-24, 1e-35, 1e-42] as [Double])
    func vectorsOfAnyLengthAreFound(itemScale: Double, queryScale: Double) throws {
        var generator = Generator(state: 46)
        func scaled(_ vector: [Float], _ scale: Double) -> [Float] { vector.map { Float(Double($0) * scale) } }
        var items = Self.clustered(600, &generator)
        for place in items.indices where place % 3 > 0 { items[place].value = scaled(items[place].value, itemScale) }
        let queries = (0..<20).map { _ in scaled(generator.vector(Self.dimension), queryScale) }
        let truth = try ExactIndex(dimension: Self.dimension).adding(items).search(queries, k: 20)
        for division in [Division(lists: 1, regions: 1), .init(lists: 20, regions: 1), .init(lists: 60, regions: 20)] {
            let index = try Self.index(items, division).looking(.everything)
            #expect(bits(try index.search(queries, k: 20)) == bits(truth), "\(division)")
        }
    }

    /// One list holds 100 items and most of them are excluded: the others must fill up.
    @Test(arguments: Self.divisions) func aListIsShortOnlyIfTheCatalogueIs(division: Division) throws {
        var generator = Generator(state: 45)
        let items = Self.clustered(3000, &generator)
        let index = try Self.index(items, division)
        let queries = (0..<20).map { _ in generator.vector(Self.dimension) }
        let all = Set(items.map(\.key))
        for k in [50, 500, 3000, 4000] {
            let kept = all.shuffled(using: &generator).prefix(1200)
            let found = try index.search(queries, k: k, excluding: queries.map { _ in all.subtracting(kept) })
            #expect(found.allSatisfy { $0.count == min(k, 1200) && Set($0.map(\.item)).isSubset(of: kept) })
        }
        let long = try index.search(queries, k: 3000)
        let flat = try index.replanned(.flat(dimension: Self.dimension, items: 0)).search(queries, k: 3000)
        #expect(bits(long) == bits(flat))
    }

    private static func index(_ items: [(key: ItemID, value: [Float])], _ division: Division) throws -> InvertedIndex {
        let flat = items.flatMap(\.value)
        let partition = Partition.train(
            flat.span, dimension: dimension, lists: division.lists, regions: division.regions)
        return try InvertedIndex(partition).looking(.init(slack: 0)).adding(items)
    }

    static func recall(_ found: [[ScoredItem]], _ truth: [[ScoredItem]]) -> Double {
        let hits = zip(found, truth).reduce(0) { $0 + Set($1.0).intersection($1.1).count }
        return Double(hits) / Double(truth.reduce(0) { $0 + $1.count })
    }

    private static func plan(
        _ items: [(key: ItemID, value: [Float])], _ users: [Float], recall: Double
    ) throws -> (plan: IndexPlan, index: InvertedIndex) {
        let flat = try IndexPlan.flat(dimension: dimension, items: 0).index.adding(items)
        return try IndexPlan.make(for: flat, users: users, recall: recall)
    }

    @Test func aPlanReachesItsRecallOnOtherUsers() throws {
        var generator = Generator(state: 43)
        let items = Self.clustered(10_000, &generator)
        let users = (0..<400).flatMap { _ in generator.vector(Self.dimension) }
        let (plan, index) = try Self.plan(items, users, recall: 0.95)
        #expect(plan.partition.lists == Partition.lists(of: 10_000) && plan.looks < Double(plan.partition.lists) / 2)
        #expect(plan.recall >= 0.95 && plan.items == 10_000 && index.count == 10_000)
        let others = (0..<400).map { _ in generator.vector(Self.dimension) }
        let exact = try ExactIndex(dimension: Self.dimension).adding(items)
        let truth = try exact.search(others, k: 20)
        #expect(Self.recall(try index.search(others, k: 20), truth) > 0.93)

        // And under filters, whatever share of the items passes, and where they take away what lies together.
        let parts = plan.partition.parts(10)
        let vectors = items.flatMap(\.value)
        let listOfItem = plan.partition.lists(of: vectors.span)
        let far = items.indices.filter { parts[Int(listOfItem[$0])] < 5 }
        let shares = [2, 3, 20, 100, 700].map { share in items.indices.filter { ($0 * 7919) % share == 0 } }
        for passing in shares + [far] {
            let filter = ItemFilter(.items(Set(passing.map { items[$0].key })))
            let found = try index.search(others, k: 20, filter: filter)
            let truth = try exact.search(others, k: 20, filter: filter)
            #expect(Self.recall(found, truth) > 0.93, "\(passing.count) items")
        }

        // Equal items and users, equal plans, whatever the way; others, others.
        let shuffled = try Self.plan(items.shuffled(using: &generator), users, recall: 0.95)
        #expect(shuffled.index.version == index.version && plan.index.version == index.version)
        #expect(try IndexPlan.make(for: index, users: users, recall: 0.95).index.version == index.version)
        let fewer = try Self.plan(items, users, recall: 0.8)
        #expect(fewer.plan.looks < plan.looks && fewer.index.version != index.version)
        let (kept, moved) = (
            try index.search(others, k: 20), try index.replanned(.flat(dimension: Self.dimension, items: 0))
        )
        #expect(try moved.count == index.count && bits(moved.search(others, k: 20)) == bits(truth))
        #expect(bits(kept) != bits(truth))
    }

    /// What the regions leave out of the comparison is seldom nearer than what they do not.
    @Test func regionsFindTheNearestList() throws {
        var generator = Generator(state: 47)
        let vectors = Self.clustered(20_000, &generator).flatMap(\.value)
        let partition = Partition.train(vectors.span, dimension: Self.dimension, lists: 400, regions: 25)
        #expect((350...450).contains(partition.lists))
        let found = partition.lists(of: vectors.span)
        #expect(Set(found).count > partition.lists * 9 / 10, "lists that hold something")
        // All centroids compared.
        let centroids = partition.listCentroids
        let distances = (0..<1000).map { point -> (found: Float, least: Float) in
            let vector = vectors[point * Self.dimension..<(point + 1) * Self.dimension]
            let all = stride(from: 0, to: centroids.count, by: Self.dimension).map { start in
                zip(vector, centroids[start..<start + Self.dimension]).reduce(Float(0)) {
                    $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
                }
            }
            return (all[Int(found[point])], all.min() ?? 0)
        }
        #expect(distances.count { $0.found <= $0.least * 1.0001 } > 950)
    }

    /// So few items do not need regions, and to go through those costs more than to compare all lists: the plan is that without.
    @Test func withoutReasonForRegionsThereIsOne() throws {
        var generator = Generator(state: 49)
        let items = Self.clustered(10_000, &generator)
        let users = (0..<200).flatMap { _ in generator.vector(Self.dimension) }
        let flat = try IndexPlan.flat(dimension: Self.dimension, items: 0).index.adding(items)
        let plan = try IndexPlan.make(for: flat, users: users, recall: 0.95, regionsAbove: 5000).plan
        #expect(plan.partition.regionCount == 1)
        #expect(try plan.index.version == IndexPlan.make(for: flat, users: users, recall: 0.95).plan.index.version)
        let vectors = items.flatMap(\.value)
        let divided = Partition.train(vectors.span, dimension: Self.dimension, items: 10_000, inRegions: true)
        #expect(divided.regionCount > 1)
    }

    @Test func withoutReasonForListsThereAreNone() throws {
        var generator = Generator(state: 44)
        let users = (0..<200).flatMap { _ in generator.vector(Self.dimension) }
        func lists(_ items: Int, _ users: [Float], recall: Double) throws -> Int {
            try Self.plan(Self.clustered(items, &generator), users, recall: recall).plan.partition.lists
        }
        #expect(try lists(9000, users, recall: 0.9) > 1)
        #expect(try lists(9000, users, recall: 1) == 1)
        #expect(try lists(9000, [], recall: 0.9) == 1)
        #expect(try lists(1000, users, recall: 0.9) == 1)
        #expect(try lists(0, users, recall: 0.9) == 1)
        let plan = IndexPlan.flat(dimension: 4, items: 100_000)
        #expect(!plan.isOutgrown(by: 150_000) && plan.isOutgrown(by: 150_001))
        #expect(!IndexPlan.flat(dimension: 4, items: 10).isOutgrown(by: 1000))
    }
}

extension ItemIndex {
    func adding(_ items: [(key: ItemID, value: [Float])]) throws -> Self {
        var index = self
        for (item, vector) in items { try index.upsert(item, vector.span) }
        return index
    }
}
