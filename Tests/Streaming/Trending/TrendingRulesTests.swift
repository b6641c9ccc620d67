import Commerce
import Retrieval
import Streaming
import Testing

@Suite("What trends, by the rules")
struct TrendingRulesTests {
    /// An index whose items are told in lists of their brand, and counts of some of them.
    private struct Stand {
        var index = InvertedIndex(.single(dimension: 4))
        var trending = TrendingItemsTests.items(of: ["nl", "be"])

        /// A landmark of the weights: each event counts 1.
        private static let time = EventTime(milliseconds: 64 * ItemCountsTests.halfLife.tick)

        /// Puts an item of this brand and vector into the index and counts it.
        mutating func add(
            _ id: String, _ count: Int, brand: String? = nil, vector: [Float] = [1, 0, 0, 0], inStock: Bool = true,
            isNew: Bool = false, market: String? = nil
        ) throws {
            let attributes = ItemAttributes(profile: .init(brand: brand), inStock: inStock)
            try index.upsert(ItemID(id), vector.span, attributes, number: isNew ? nil : Int32(index.count))
            for _ in 0..<count { trending.count(ItemID(id), at: Self.time, in: market) }
        }

        /// The list as `id` of an item that trends, `+id` of one for exploration and `!id` of a pinned one, with the counts.
        func list(
            _ rules: ListRules, size: Int, without excluded: [String] = [], market: String? = nil
        ) -> [String] {
            let user = ListSearch.User(market: market, excluded: ItemExclusions(excluded.map { ItemID($0) }))
            return TrendingSearch(rules: rules, size: size).list(of: user, by: trending, in: index).map { slot in
                let mark =
                    switch slot.origin {
                    case .trending: ""
                    case .exploration: "+"
                    case .pinned: "!"
                    case .personal: "?"
                    }
                return "\(mark)\(slot.found.item.rawValue) \(slot.found.score)"
            }
        }
    }

    /// Items of falling count: `a0` of brand A with 9, `b1` of brand B with 8, and so on.
    private static func stand() throws -> Stand {
        var stand = Stand()
        for (number, brand) in ["A", "B", nil, "A", "B", nil, "A"].enumerated() {
            try stand.add("\(brand?.lowercased() ?? "n")\(number)", 9 - number, brand: brand)
        }
        return stand
    }

    @Test("A boost multiplies the count, several multiply one another, and equal products go by id")
    func boosts() throws {
        let stand = try Self.stand()
        func list(_ boosts: ListRules.Boost...) -> [String] { stand.list(ListRules(boosts: boosts), size: 4) }
        #expect(list() == ["a0 9.0", "b1 8.0", "n2 7.0", "a3 6.0"])
        #expect(list(.init(condition: .brand("B"), factor: 1.5)) == ["b1 12.0", "a0 9.0", "b4 7.5", "n2 7.0"])
        #expect(list(.init(condition: .brand("A"), factor: 0.5)) == ["b1 8.0", "n2 7.0", "b4 5.0", "a0 4.5"])
        // 6 · 1.5 = 9.
        let third = ItemCondition.items([ItemID("a3")])
        #expect(list(.init(condition: third, factor: 1.5)) == ["a0 9.0", "a3 9.0", "b1 8.0", "n2 7.0"])
        #expect(
            list(
                .init(condition: .brand("A"), factor: 2), .init(condition: .items([ItemID("a6")]), factor: 4),
                .init(condition: .inStock, factor: 0.5))
                == ["a6 12.0", "a0 9.0", "a3 6.0", "b1 4.0"])
    }

    @Test("The last of many items comes first by its boost")
    func boostOfTheLast() throws {
        var stand = Stand()
        for number in 0..<200 { try stand.add("i\(100 + number)", 201 - number) }
        let rules = ListRules(boosts: [.init(condition: .items([ItemID("i299")]), factor: 100.5)])
        #expect(stand.list(rules, size: 3) == ["i100 201.0", "i299 201.0", "i101 200.0"])
    }

    @Test("A pin takes what is most frequent of what is so and may be in the list, once")
    func pins() throws {
        var stand = try Self.stand()
        let pins: [ListRules.Pin] = [
            .init(rank: 1, condition: .brand("B")), .init(rank: 3, condition: .brand("B")),
            .init(rank: 4, condition: .items([ItemID("a6")])),
        ]
        let rules = ListRules(pins: pins, minimumScore: 100)
        #expect(stand.list(rules, size: 5) == ["!b1 8.0", "a0 9.0", "!b4 5.0", "!a6 3.0", "n2 7.0"])
        // In the cart.
        #expect(stand.list(rules, size: 3, without: ["b1", "a0"]) == ["!b4 5.0", "n2 7.0", "a3 6.0"])
        try stand.add("b", 20, brand: "B", inStock: false)
        #expect(stand.list(rules, size: 2) == ["!b1 8.0", "a0 9.0"])
        let boosted = ListRules(
            boosts: [.init(condition: .items([ItemID("b4")]), factor: 2)],
            pins: [.init(rank: 2, condition: .brand("B"))])
        #expect(stand.list(boosted, size: 3) == ["a0 9.0", "!b4 10.0", "b1 8.0"])
    }

    @Test("Where nothing trends that is so, a pin takes the item of lowest id that is")
    func pinsOfUntouchedItems() throws {
        var stand = try Self.stand()
        for id in ["z2", "z10", "z3"] { try stand.add(id, 0, brand: "Z") }
        try stand.add("z1", 0, brand: "Z", inStock: false)
        let three = ListRules(pins: [1, 2, 4].map { .init(rank: $0, condition: .brand("Z")) })
        #expect(stand.list(three, size: 5) == ["!z10 0.0", "!z2 0.0", "a0 9.0", "!z3 0.0", "b1 8.0"])
        #expect(
            stand.list(three, size: 5, without: ["z10"]) == ["!z2 0.0", "!z3 0.0", "a0 9.0", "b1 8.0", "n2 7.0"])
        // What trends goes before.
        try stand.add("z4", 1, brand: "Z")
        #expect(stand.list(three, size: 4) == ["!z4 1.0", "!z10 0.0", "a0 9.0", "!z2 0.0"])
        // Nothing is so.
        #expect(
            stand.list(ListRules(pins: [.init(rank: 1, condition: .brand("X"))]), size: 2) == ["a0 9.0", "b1 8.0"])
    }

    @Test("Without anything that trends there are pinned items alone")
    func nothingTrends() throws {
        var stand = Stand()
        for id in ["b", "a"] { try stand.add(id, 0) }
        let rules = ListRules(pins: [.init(rank: 2, condition: .inStock)], explorationShare: 0.5)
        #expect(stand.list(rules, size: 4) == ["!a 0.0"])
        #expect(stand.list(ListRules(), size: 4) == [])
    }

    @Test("Caps count pinned items, and what breaks them is passed over")
    func caps() throws {
        let stand = try Self.stand()
        var rules = ListRules(caps: [.init(.brand, limit: 1)])
        #expect(stand.list(rules, size: 4) == ["a0 9.0", "b1 8.0", "n2 7.0", "n5 4.0"])
        #expect(stand.list(rules, size: 6).count == 4, "no more pass")
        rules.pins = [.init(rank: 2, condition: .items([ItemID("a6")]))]
        #expect(stand.list(rules, size: 4) == ["b1 8.0", "!a6 3.0", "n2 7.0", "n5 4.0"])
    }

    @Test("Where caps pass many over, more are looked for")
    func deepCaps() throws {
        var stand = Stand()
        for number in 0..<150 { try stand.add("a\(number)", 3, brand: "A") }
        for number in 0..<3 { try stand.add("b\(number)", 2 - number / 2, brand: "B") }
        #expect(
            stand.list(ListRules(caps: [.init(.brand, limit: 2)]), size: 5)
                == ["a0 3.0", "a1 3.0", "b0 2.0", "b1 2.0"])
    }

    @Test("Diversity weighs likeness against the logarithm of counts")
    func diversity() throws {
        var stand = Stand()
        try stand.add("a", 1_000)
        try stand.add("b", 100)
        try stand.add("c", 40, vector: [0, 1, 0, 0])
        try stand.add("d", 1, vector: [0, 0, 1, 0])
        func list(_ weight: Float) -> String {
            stand.list(ListRules(diversity: weight), size: 4).map { String($0.prefix(1)) }.joined()
        }
        #expect(list(0.01) == "abcd")
        // c: 0.7 · 0.48 = 0.33; b: 0.7 · 0.62 - 0.3 · 1 = 0.14; d: 0. By counts as they stand b would have -0.23.
        #expect(list(0.3) == "acbd")
        #expect(list(1) == "acdb")
    }

    @Test("What a market lacks stays behind what it has, whatever its count in all markets")
    func marketsAndDiversity() throws {
        var stand = Stand()
        try stand.add("a", 3, market: "nl")
        try stand.add("b", 2, market: "nl")
        try stand.add("c", 1, vector: [0, 0, 1, 0], market: "nl")
        try stand.add("d", 50, vector: [0, 1, 0, 0], market: "be")
        try stand.add("e", 40, market: "be")
        var rules = ListRules(diversity: 0.01)
        #expect(stand.list(rules, size: 5, market: "nl") == ["a 3.0", "b 2.0", "c 1.0", "d 50.0", "e 40.0"])
        rules = ListRules(
            boosts: [.init(condition: .items([ItemID("c")]), factor: 4)], pins: [.init(rank: 5, condition: .any([]))])
        #expect(stand.list(rules, size: 5, market: "nl") == ["c 4.0", "a 3.0", "b 2.0", "d 50.0", "e 40.0"])
    }

    @Test("The kept ranks are for new items that trend, and for what trends where there are none")
    func exploration() throws {
        var stand = try Self.stand()
        let rules = ListRules(explorationShare: 0.5)
        #expect(stand.list(rules, size: 4) == ["a0 9.0", "b1 8.0", "n2 7.0", "a3 6.0"])
        try stand.add("new0", 0, isNew: true)
        try stand.add("new1", 1, isNew: true)
        try stand.add("new2", 2, isNew: true)
        #expect(stand.list(rules, size: 4) == ["a0 9.0", "+new2 2.0", "b1 8.0", "+new1 1.0"])
        #expect(
            stand.list(rules, size: 6) == ["a0 9.0", "+new2 2.0", "b1 8.0", "+new1 1.0", "n2 7.0", "a3 6.0"])
        #expect(stand.list(rules, size: 2, without: ["new2"]) == ["a0 9.0", "+new1 1.0"])
    }

    @Test("The minimum score is none of counts")
    func minimumScore() throws {
        let stand = try Self.stand()
        #expect(stand.list(ListRules(minimumScore: 8.5), size: 4) == stand.list(ListRules(), size: 4))
        let rules = ListRules(caps: [.init(.brand, limit: 9)], minimumScore: 8.5)
        #expect(stand.list(rules, size: 4) == stand.list(ListRules(), size: 4))
    }
}
