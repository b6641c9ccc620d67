import Commerce
import Retrieval
import Streaming
import Testing

/// Lists of what trends under all rules at once, as they leave the stage: beside a plain count of every event and a composer that
/// asks everything anew.
@Suite("Lists of what trends, by the rules", .serialized)
struct RuledTrendTests {
    /// The checkpoint's items, and some that it does not know.
    private static let items = (0..<60).map(Shop.item) + (100..<110).map(Shop.item)

    private static func record(_ item: ItemID) -> CatalogueItem {
        let number = Int(item.rawValue.dropFirst()) ?? 0
        return CatalogueItem(
            item: item, title: "red", category: [["Food", "Tea"], ["Food"], ["Toys"], []][number % 4],
            brand: ["Acme", "Bolt", nil, "Acme"][number / 4 % 4], inStock: number % 6 != 5)
    }

    private static func shop() throws -> Shop {
        let shop = try Shop()
        shop.catalogue.apply(items.map { .upsert(record($0)) }, partition: 0, next: 1)
        return shop
    }

    private static let rules = ListRules(
        boosts: [
            .init(condition: .brand("Bolt"), factor: 1.5), .init(condition: .category(["Food"]), factor: 0.75),
        ],
        pins: [
            .init(rank: 1, condition: .category(["Toys"])), .init(rank: 4, condition: .new),
            // i29 is not in stock.
            .init(rank: 6, condition: .items([Shop.item(58), Shop.item(29)])),
        ],
        caps: [.init(.brand, limit: 4), .init(.categoryLevel(1), limit: 5)], diversity: 0.25, explorationShare: 0.2,
        minimumScore: 2)
    private static let size = 12

    private static func holds(_ condition: ItemCondition, _ item: ItemID) -> Bool {
        let record = record(item)
        return condition.holds(
            for: item,
            ItemAttributes(profile: .init(category: record.category, brand: record.brand), inStock: record.inStock),
            isNew: record.item.rawValue.count == 4)
    }

    /// The list of a moment.
    private static func expected(_ moment: NaiveTrends.Moment, _ shop: Shop) -> [ListComposer.Slot] {
        let allowed = Set(items.filter { holds(.inStock, $0) })
        let ranking = moment.ranking(of: allowed) { item in
            rules.boosts.reduce(1) { holds($1.condition, item) ? $0 * $1.factor : $0 }
        }
        var relevance = Float.infinity
        func candidate(_ item: ItemID, _ count: Double) -> ListComposer.Candidate {
            // The power of 2 that 1 + count reaches, and how much of the way to the next.
            var (power, exponent) = (1.0, 0.0)
            while 2 * power <= 1 + count { (power, exponent) = (2 * power, exponent + 1) }
            relevance = min(relevance, Float(exponent + (1 + count) / power - 1))
            let record = record(item)
            return .init(
                ScoredItem(item: item, score: Float(count)), .init(category: record.category, brand: record.brand),
                relevance: relevance)
        }
        let ordinary = ranking.map { candidate($0.item, $0.count) }
        let others = allowed.subtracting(ranking.map(\.item)).subtracting(moment.excluded).sorted()
            .map { candidate($0, 0) }
        let pinned = rules.pins.map { pin in (ordinary + others).filter { holds(pin.condition, $0.found.item) } }
        var composed = rules
        composed.minimumScore = nil
        let vectors = items.compactMap { item in
            shop.catalogue.snapshot.index.vector(of: item).map { (item, $0.vector) }
        }
        return NaiveComposer(
            rules: composed, size: size, percent: 20, vectors: Dictionary(uniqueKeysWithValues: vectors)
        ).list(
            .init(
                .trending, ordinary: .all(ordinary), pinned: pinned,
                exploration: .all(ordinary.filter { holds(.new, $0.found.item) })))
    }

    @Test("Every one is what the rules read aloud make of a plain count, whatever the batches, the cache and a restart")
    func whateverTheBatches() throws {
        let shop = try Self.shop()
        let log = try TrendingListTests.log(1_000, seed: 22)
        var settings = shop.settings(
            window: 2, size: Self.size, refresh: .everyEvent, rules: Self.rules, market: "country")
        // The events lie at a landmark of the weights: each counts 1.
        settings.trendingHalfLife = HalfLife(milliseconds: Shop.start)
        let one = try shop.run(log, settings, batch: 1)
        let byOffset = Dictionary(
            uniqueKeysWithValues: try Shop.decode(one.output).map { ($0.lineage.source.offset, $0) })
        let moments = NaiveTrends.moments(of: log, known: Set(Self.items))
        var origins: [RecommendationList.Origin: Int] = [:]
        var short = 0
        for (offset, moment) in moments {
            let list = try #require(byOffset[offset])
            let expected = Self.expected(moment, shop)
            #expect(
                list.slots.map { ListComposer.Slot(ScoredItem(item: $0.item, score: $0.score), $0.origin) } == expected,
                "offset \(offset)")
            #expect(list.slots.allSatisfy { $0.because == nil })
            #expect(list.shortfall == Self.size - expected.count)
            for slot in list.slots { origins[slot.origin, default: 0] += 1 }
            if list.shortfall > 0 { short += 1 }
        }
        #expect(moments.count > 100 && short > 0 && short < 50, "\(moments.count), \(short)")
        #expect([.trending, .pinned, .exploration].allSatisfy { origins[$0, default: 0] > 100 })
        #expect(origins[.personal] == nil)
        let lists = try Shop.lists(one.output)
        for (batch, cached) in [(7, 100), (256, 0)] {
            let other = try shop.run(log, settings, batch: batch, cached: cached)
            #expect(other.states == one.states, "batch \(batch), cache \(cached)")
            #expect(try Shop.lists(other.output) == lists)
        }
        let store = MemoryStateStore()
        var restarted = try Shop.lists(shop.run(Array(log[..<400]), settings, batch: 256, store: store).output)
        restarted.merge(try Shop.lists(shop.run(log, settings, batch: 7, store: store).output)) { first, _ in first }
        #expect(restarted == lists)
    }

    @Test("Slots are counted by their origin, and missing ones as such")
    func metrics() throws {
        let shop = try Self.shop()
        // Three of one brand, and a new one.
        var log = try [0, 1, 2, 104].enumerated().map { try Shop.record(Int64($0), Shop.event("v\($0)", $1)) }
        log.append(try Shop.record(4, Shop.event("u", 99)))
        let rules = ListRules(
            pins: [.init(rank: 2, condition: .items([Shop.item(20)]))], caps: [.init(.brand, limit: 1)],
            explorationShare: 0.5)
        let output = try shop.run(log, shop.settings(size: 6, rules: rules), batch: 8).output
        let lists = try Shop.decode(output)
        let list = try #require(lists.last)
        #expect(list.slots.map(\.item) == [0, 20, 104].map(Shop.item) && list.shortfall == 3)
        #expect(list.slots.map(\.origin) == [.trending, .pinned, .exploration])
        #expect(list.slots.map(\.score) == [1, 0, 1])
        let metrics = shop.registry.exposition()
        for origin in RecommendationList.Origin.allCases {
            let count = lists.flatMap(\.slots).count { $0.origin == origin }
            #expect(count > 0 && metrics.contains("breadcrumb_list_slots_total{origin=\"\(origin)\"} \(count)\n"))
        }
        #expect(metrics.contains("breadcrumb_list_slots_missing_total \(lists.reduce(0) { $0 + $1.shortfall })\n"))
    }
}
