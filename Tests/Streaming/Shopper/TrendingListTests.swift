import Commerce
import Streaming
import Testing

@Suite("Lists of what trends")
struct TrendingListTests {
    /// Shoppers of whom every second one meets only items that nobody described; some events are repeated, some take an item out
    /// of the cart, some name a country. All lie in one tick of the half-life, so that counts are whole numbers.
    static func log(_ count: Int, seed: UInt64) throws -> [LogRecord] {
        var random = Simulation.Random(state: seed)
        return try (0..<count).map { number in
            let shopper = Int.random(in: 0..<60, using: &random)
            let described = shopper.isMultiple(of: 2) || Int.random(in: 0..<20, using: &random) == 0
            let draw = Double.random(in: 0..<1, using: &random)
            var event = Shop.event(
                "u\(shopper)", Int(60 * draw * draw) + (described ? 0 : 60),
                Action.allCases[Int.random(in: 0..<4, using: &random)], at: Int64(number % 900),
                id: "e\(Int.random(in: 0..<4, using: &random))")
            if Int.random(in: 0..<4, using: &random) == 0 {
                event.attributes = ["country": ["nl", "be", ""][Int.random(in: 0..<3, using: &random)]]
            }
            return try Shop.record(Int64(number), event)
        }
    }

    @Test("Every one is what a plain count says at its event, and equal whatever the batches, the cache and a restart")
    func whateverTheBatches() throws {
        let shop = try Shop()
        let log = try Self.log(1_500, seed: 21)
        let settings = shop.settings(window: 2, refresh: .everyEvent, market: "country")
        let one = try shop.run(log, settings, batch: 1)
        let lists = try Shop.lists(one.output)
        let byOffset = Dictionary(
            uniqueKeysWithValues: try Shop.decode(one.output).map { ($0.lineage.source.offset, $0) })
        let known = Set((0..<60).map(Shop.item))
        let moments = NaiveTrends.moments(of: log, known: known)
        for (offset, moment) in moments {
            let list = try #require(byOffset[offset])
            let expected = moment.ranking(of: known).prefix(5).map(\.item)
            #expect(list.slots.map(\.item) == expected, "offset \(offset)")
            #expect(list.slots.allSatisfy { $0.origin == .trending && $0.because == nil && $0.score > 0 })
            #expect(list.shortfall == 5 - expected.count)
        }
        #expect(moments.count > 200)
        #expect(byOffset.values.count { $0.slots.first?.origin == .personal } > 400)
        for (batch, cached) in [(7, 100), (256, 100), (7, 0), (256, 3)] {
            let other = try shop.run(log, settings, batch: batch, cached: cached)
            #expect(other.states == one.states, "batch \(batch), cache \(cached)")
            #expect(try Shop.lists(other.output) == lists)
            let coalesced = try shop.run(
                log, shop.settings(window: 2, market: "country"), batch: batch, cached: cached)
            #expect(coalesced.states == one.states)
            for (id, bytes) in try Shop.lists(coalesced.output) { #expect(lists[id] == bytes) }
        }
        let store = MemoryStateStore()
        var restarted = try Shop.lists(shop.run(Array(log[..<700]), settings, batch: 256, store: store).output)
        let rest = try shop.run(log, settings, batch: 7, store: store)
        restarted.merge(try Shop.lists(rest.output)) { first, _ in first }
        #expect(rest.states == one.states && restarted == lists)
    }

    @Test("The first event on an unknown item gives what trends, the first on a known one a list of the shopper's own")
    func firstEvents() throws {
        let shop = try Shop()
        var events = (0..<30).map { Shop.event("v\($0)", $0 % 6) }
        events.append(Shop.event("u", 99))
        events.append(Shop.event("u", 7, at: 1))
        events.append(Shop.event("u", 99, at: 2))
        let log = try events.enumerated().map { try Shop.record(Int64($0), $1) }
        let output = try shop.run(log, shop.settings(refresh: .everyEvent), batch: 8).output
        let lists = try Shop.decode(output).filter { $0.shopper == .known("u") }
        #expect(lists.map { Set($0.slots.map(\.origin)) } == [[.trending], [.personal], [.personal]])
        #expect(lists[0].slots.map(\.item) == (0..<5).map(Shop.item))
        #expect(lists[0].slots.map(\.score) == [5, 5, 5, 5, 5])
    }

    @Test("A described item that the checkpoint does not know makes a list the shopper's own")
    func describedItem() throws {
        let shop = try Shop()
        shop.catalogue.apply([.upsert(CatalogueItem(item: Shop.item(99), title: "Red"))], partition: 0, next: 1)
        let output = try shop.run([try Shop.record(0, Shop.event("u", 99))], shop.settings(), batch: 1).output
        let slots = try #require(try Shop.decode(output).first?.slots)
        #expect(!slots.isEmpty && slots.allSatisfy { $0.origin == .personal && $0.because == Shop.item(99) })

        // Beside another one it is no reason for itself.
        let log = [Shop.event("u", 3, at: 0), Shop.event("u", 99, at: 1)]
        let both = try shop.run(
            log.enumerated().map { try Shop.record(Int64($0), $1) }, shop.settings(size: 70), batch: 2
        ).output
        let last = try #require(try Shop.decode(both).last?.slots)
        #expect(Set(last.map(\.because)) == [Shop.item(3), Shop.item(99)])
        #expect(last.first { $0.item == Shop.item(99) }?.because == Shop.item(3))
    }

    @Test("Each market has its own list, and a shopper stays in the market that was named last")
    func markets() throws {
        let shop = try Shop()
        var log: [LogRecord] = []
        func take(_ shopper: String, _ item: Int, _ country: String?) throws {
            var event = Shop.event(shopper, item, at: Int64(log.count))
            if let country { event.attributes = ["country": country] }
            log.append(try Shop.record(Int64(log.count), event))
        }
        let dutch = (0..<20).map { 10 + $0 % 5 }
        let belgian = [(20, 8), (21, 6), (22, 3), (23, 2), (24, 1)].flatMap { Array(repeating: $0.0, count: $0.1) }
        for (number, items) in zip(dutch, belgian).enumerated() {
            try take("n\(number)", items.0, "nl")
            try take("b\(number)", items.1, "be")
        }
        try take("dutch", 99, "nl")
        try take("belgian", 99, "be")
        try take("nobody", 99, nil)
        try take("dutch", 98, nil)
        let output = try shop.run(log, shop.settings(refresh: .everyEvent, market: "country"), batch: 16).output
        let lists = try Shop.decode(output).suffix(4).map { $0.slots.map(\.item) }
        #expect(
            lists
                == [[10, 11, 12, 13, 14], [20, 21, 22, 23, 24], [20, 21, 10, 11, 12], [10, 11, 12, 13, 14]]
                .map { $0.map(Shop.item) })
        let without = try Shop.decode(try shop.run(log, shop.settings(refresh: .everyEvent), batch: 16).output).suffix(
            4)
        #expect(Set(without.map { $0.slots.map(\.item) }).count == 1, "without markets all get one list")
    }

    @Test("A list that lacks slots says how many, and the slots are counted by origin")
    func shortfall() throws {
        let shop = try Shop()
        let log = try [
            Shop.record(0, Shop.event("a", 1)), Shop.record(1, Shop.event("b", 2)),
            Shop.record(2, Shop.event("u", 99, .purchase)),
        ]
        let output = try shop.run(log, shop.settings(size: 60, refresh: .everyEvent), batch: 3).output
        let lists = try Shop.decode(output)
        #expect(lists.map(\.shortfall) == [0, 0, 58])
        #expect(lists[2].slots.map(\.item) == [1, 2].map(Shop.item))
        let text = String(decoding: output[2].value ?? [], as: UTF8.self)
        #expect(text.contains(#""shortfall":58"#))
        #expect(!String(decoding: output[0].value ?? [], as: UTF8.self).contains("shortfall"))
        let metrics = shop.registry.exposition()
        #expect(metrics.contains(#"breadcrumb_list_slots_total{origin="personal"} 120"#))
        #expect(metrics.contains(#"breadcrumb_list_slots_total{origin="trending"} 2"#))
        #expect(metrics.contains("breadcrumb_list_slots_missing_total 58"))
    }
}
