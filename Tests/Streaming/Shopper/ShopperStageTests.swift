import Commerce
import LinearAlgebra
import Streaming
import Testing
import TwoTower

@Suite("The shoppers' stage", .serialized)
struct ShopperStageTests {
    /// Once with a history that silence ends, and that is shorter than what the sparse channel reads.
    @Test(
        "States and lists do not depend on batches, cache or instruction set",
        arguments: [(12, nil), (5, 25_000)] as [(Int, Int64?)])
    func invariance(history: Int, idle: Int64?) throws {
        let shop = try Shop()
        let log = try Shop.log(600, seed: 5)
        let all = try shop.run(log, shop.settings(history: history, idle: idle, refresh: .everyEvent), batch: 1)
        let lists = try Shop.lists(all.output)
        #expect(lists.count > 400)
        for level in InstructionSet.available {
            try level.whileInForce {
                for (batch, cached) in [(1, 2), (7, 100), (512, 0)] {
                    let every = try shop.run(
                        log, shop.settings(history: history, idle: idle, refresh: .everyEvent), batch: batch,
                        cached: cached)
                    #expect(every.states == all.states, "batch \(batch), cache \(cached), \(level)")
                    #expect(try Shop.lists(every.output) == lists)
                    let coalesced = try shop.run(
                        log, shop.settings(history: history, idle: idle), batch: batch, cached: cached)
                    #expect(coalesced.states == all.states)
                    for (id, bytes) in try Shop.lists(coalesced.output) { #expect(lists[id] == bytes) }
                }
            }
        }
        #expect(Set(all.states.values.map { $0.suffix(200) }).count == all.states.count, "shoppers' states differ")
    }

    @Test("An item's order in the history moves the list: it is a sequence, not a bag")
    func orderMatters() throws {
        let shop = try Shop()
        func list(_ items: [Int]) throws -> [ItemID] {
            let log = try items.enumerated().map { try Shop.record(Int64($0), Shop.event("u", $1, at: Int64($0))) }
            let output = try shop.run(log, shop.settings(), batch: 10).output
            return try Shop.decode(output).last?.slots.map(\.item) ?? []
        }
        #expect(try list([1, 2, 3]) != list([3, 2, 1]))
    }

    @Test("What was bought leaves the lists, and K items remain")
    func purchased() throws {
        let shop = try Shop(items: 12)
        let log = try (0..<5).map { try Shop.record(Int64($0), Shop.event("u", $0, .purchase, at: Int64($0))) }
        let lists = try Shop.decode(try shop.run(log, shop.settings(size: 7, refresh: .everyEvent), batch: 3).output)
        for (index, list) in lists.enumerated() {
            #expect(list.slots.count == 7)
            #expect(Set(list.slots.map(\.item)).isDisjoint(with: (0...index).map(Shop.item)))
            #expect(list.slots.map(\.rank) == Array(1...7))
        }
    }

    @Test("A repeated event id changes nothing and is counted")
    func duplicates() throws {
        let shop = try Shop()
        let first = try Shop.record(0, Shop.event("u", 1, at: 0, id: "a"))
        let other = try Shop.record(1, Shop.event("u", 2, at: 1, id: "b"))
        let again = try Shop.record(2, Shop.event("u", 1, at: 0, id: "a"))
        let once = try shop.run([first, other], shop.settings(), batch: 1)
        let twice = try shop.run([first, other, again], shop.settings(), batch: 3)
        #expect(once.states == twice.states)
        #expect(shop.registry.exposition().contains("breadcrumb_events_total{outcome=\"duplicate\",type=\"browse\"} 1"))
    }

    @Test("An unknown item is kept and counted; one that the catalogue described steps with its features, frozen")
    func unknownItems() throws {
        let shop = try Shop(items: 60)
        let unknown = try shop.run([try Shop.record(0, Shop.event("u", 99))], shop.settings(), batch: 1)
        #expect(
            shop.registry.exposition().contains("breadcrumb_events_total{outcome=\"unknown_item\",type=\"browse\"} 1"))
        shop.catalogue.apply([.upsert(CatalogueItem(item: Shop.item(99), title: "Red"))], partition: 0, next: 1)
        let store = MemoryStateStore()
        let log = try [Shop.record(0, Shop.event("u", 99)), Shop.record(1, Shop.event("u", 3, at: 1))]
        _ = try shop.run([log[0]], shop.settings(), batch: 1, store: store)
        let described = try ShopperRecord(
            bytes: store.contents(of: PartitionIndex(0)).values["u:u"] ?? [], shopper: "u:u")
        let before = try ShopperRecord(bytes: unknown.states["u:u"] ?? [], shopper: "u:u")
        #expect(before.entries.map(\.item) == [Shop.item(99)])
        #expect(before.state != described.state)
        #expect(described.entries.last?.vector != nil)
        // What was done does not change when the catalogue does.
        shop.catalogue.apply([.upsert(CatalogueItem(item: Shop.item(99), title: "Blue"))], partition: 0, next: 2)
        _ = try shop.run(log, shop.settings(), batch: 1, store: store)
        let after = try ShopperRecord(bytes: store.contents(of: PartitionIndex(0)).values["u:u"] ?? [], shopper: "u:u")
        #expect(after.entries.first == described.entries.first)
    }

    @Test("A withdrawn item leaves the lists at once, a new one enters them, out of stock stays out")
    func liveCatalogue() throws {
        let shop = try Shop(items: 6)
        func items(_ offset: Int64) throws -> (items: Set<ItemID>, catalogue: [Int32: Int64]) {
            let output = try shop.run([try Shop.record(0, Shop.event("u", 1))], shop.settings(size: 50), batch: 1)
                .output
            let list = try #require(try Shop.decode(output).first)
            return (Set(list.slots.map(\.item)), list.lineage.catalogue)
        }
        #expect(try items(0).items.count == 6)
        shop.catalogue.apply(
            [
                .withdrawal(Shop.item(2)), .upsert(CatalogueItem(item: ItemID("new"), title: "red")),
                .upsert(CatalogueItem(item: Shop.item(3), title: "x", inStock: false)),
                .upsert(CatalogueItem(item: ItemID("featureless"), title: "unheard-of")),
            ], partition: 4, next: 9)
        let after = try items(1)
        #expect(after.items == Set([0, 1, 4, 5].map(Shop.item) + [ItemID("new")]))
        #expect(after.catalogue == [4: 9])
        shop.catalogue.apply([.upsert(CatalogueItem(item: Shop.item(3), title: "x"))], partition: 4, next: 10)
        #expect(try items(2).items.contains(Shop.item(3)))
    }

    @Test("A new model rebuilds a shopper from the kept events at the next event")
    func rebuild() throws {
        let old = try Shop(seed: 1, version: "m1")
        let new = try Shop(seed: 2, version: "m2")
        let log = try (0..<12).map { try Shop.record(Int64($0), Shop.event("u", $0 * 3, at: Int64($0 * 60))) }
        let store = MemoryStateStore()
        _ = try old.run(Array(log[..<11]), old.settings(history: 5), batch: 4, store: store)
        let moved = try new.run(log, new.settings(history: 5), batch: 4, store: store)
        let record = try ShopperRecord(bytes: moved.states["u:u"] ?? [], shopper: "u:u")
        #expect(record.model == "m2")
        #expect(record.startedAt == 6)
        #expect(record.sequence == 12)
        #expect(record.entries.map(\.item) == [7, 8, 9, 10, 11].map { Shop.item($0 * 3) })
        // The recurrence of the new model over the five events that were kept, then the new one, step by step.
        var state = new.model.initialState
        let scratch = new.model.makeScratch()
        for number in 6...11 {
            let row = try #require(new.model.row(of: Shop.item(number * 3)) ?? new.model.row(of: Shop.item(0)))
            let input = number * 3 < 60 ? new.model.trainedInput(row) : new.model.unknownInput
            state.withUnsafeMutableBufferPointer {
                new.model.step(
                    [StepEvent(action: .browse, gap: 60_000)], states: $0, inputs: input, scratch: scratch)
            }
            // Every step leaves halves, as the record does.
            state = state.map { Float(Float16($0)) }
        }
        #expect(record.state.values == state.map { Float16($0) })
    }

    @Test("Sessions and attributes move the state, and a rebuild from the entries gives the same one")
    func sessionsAndAttributes() throws {
        let (first, second) = (try Shop(seed: 1, version: "m1"), try Shop(seed: 2, version: "m2"))
        func log(_ sessions: [String?], _ countries: [String?]) throws -> [LogRecord] {
            try zip(sessions, countries).enumerated().map { index, what in
                var event = Shop.event("u", index, at: Int64(index * 60))
                event.sessionID = what.0
                event.attributes = what.1.map { ["country": $0] } ?? [:]
                return try Shop.record(Int64(index), event)
            }
        }
        func record(_ states: [StateKey: [UInt8]]) throws -> ShopperRecord {
            try ShopperRecord(bytes: states["u:u"] ?? [], shopper: "u:u")
        }
        let whole = try log(["a", nil, "a", "b", "b"], ["NL", nil, "be", "be", "??"])
        let direct = try record(second.run(whole, second.settings(), batch: 2).states)
        #expect(direct.entries.map(\.changesSession) == [false, false, false, true, false])
        #expect(
            direct.entries.map(\.attributes) == [
                ["country": "NL"], [:], ["country": "be"], ["country": "be"], ["country": "??"],
            ])
        // The first model's record becomes the second's at the last event: from its stored entries.
        let store = MemoryStateStore()
        _ = try first.run(Array(whole[..<4]), first.settings(), batch: 2, store: store)
        let moved = try record(second.run(whole, second.settings(), batch: 2, store: store).states)
        #expect(moved.model == "m2" && moved.state == direct.state)
        // Neither is without effect; an attribute that the model does not know is.
        for (sessions, countries) in [
            (["a", nil, "a", "a", "b"] as [String?], ["NL", nil, "be", "be", "??"] as [String?]),
            (["a", nil, "a", "b", "b"], ["NL", nil, "be", "nl", "??"]),
        ] {
            let other = try record(second.run(log(sessions, countries), second.settings(), batch: 2).states)
            #expect(other.state != direct.state)
        }
        let unknown = try log(["a", nil, "a", "b", "b"], ["NL", nil, "be", "be", nil])
        #expect(try record(second.run(unknown, second.settings(), batch: 2).states).state == direct.state)
    }

    @Test("A catalogue record whose vector does not fit its column is refused, and the rest of the chunk is taken")
    func vectorsThatDoNotFit() throws {
        let layout = TowerLayout(
            TowerShape(
                items: 1, tokens: 1, vectors: [VectorColumn(name: "image", width: 3)], dimension: 16, blocks: 1,
                hidden: 16))
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<layout.count { parameters.pointer[index] = Float(index % 7) - 3 }
        let vectors = FloatBuffer(count: 16)
        vectors.pointer[0] = 1
        let catalogue = try LiveCatalogue(
            model: Model(
                version: "m", layout: layout, parameters: parameters, itemVectors: vectors,
                vocabulary: FeatureVocabulary(tokens: ["w:red"]), items: [ItemID("i0")]))
        let refused = catalogue.apply(
            [
                .upsert(CatalogueItem(item: ItemID("a"), vectors: ["image": [1, 2, 3]])),
                .upsert(CatalogueItem(item: ItemID("b"), vectors: ["image": [1, 2]])),
                .withdrawal(ItemID("a")), .upsert(CatalogueItem(item: ItemID("c"), title: "red")),
                .upsert(CatalogueItem(item: ItemID("i0"), vectors: ["image": [.nan, 0, 0]])),
            ], partition: 0, next: 5)
        #expect(refused.map(\.place) == [1, 4])
        #expect(refused.first?.reason.contains(#"item "b": the vector "image" has 2 components"#) == true)
        let snapshot = catalogue.snapshot
        #expect(["a", "b", "c", "i0"].filter { snapshot.vector(ofNew: ItemID($0)) != nil } == ["c"])
        #expect(snapshot.index.count == 2, "c, and i0 as it was")
    }

    @Test("What is in the cart leaves the lists, and what is taken out of it comes back")
    func cart() throws {
        let shop = try Shop(items: 6)
        let steps: [(item: Int, action: Action, cart: [Int], left: Set<Int>)] = [
            (1, .cart, [1], [0, 2, 3, 4, 5]), (2, .cart, [1, 2], [0, 3, 4, 5]), (1, .cart, [2, 1], [0, 3, 4, 5]),
            (3, .browse, [2, 1], [0, 3, 4, 5]), (2, .cartRemoval, [1], [0, 2, 3, 4, 5]),
            (4, .cartRemoval, [1], [0, 2, 3, 4, 5]), (1, .purchase, [], [0, 2, 3, 4, 5]),
        ]
        let log = try steps.enumerated().map { index, step in
            try Shop.record(Int64(index), Shop.event("u", step.item, step.action, at: Int64(index)))
        }
        let store = MemoryStateStore()
        for (index, step) in steps.enumerated() {
            let run = try shop.run(Array(log[...index]), shop.settings(size: 6), batch: 1, store: store)
            let record = try ShopperRecord(bytes: run.states["u:u"] ?? [], shopper: "u:u")
            #expect(record.cart == step.cart.map(Shop.item), "after \(step)")
            let list = try #require(try Shop.decode(run.output).last)
            #expect(Set(list.slots.map(\.item)) == Set(step.left.map(Shop.item)), "after \(step)")
        }
    }

    @Test("Of a cart that fills without end the last hundred items are kept")
    func endlessCart() throws {
        let shop = try Shop(items: 6)
        let log = try (0..<130).map { try Shop.record(Int64($0), Shop.event("u", $0, .cart, at: Int64($0))) }
        let bytes = try shop.run(log, shop.settings(), batch: 50).states["u:u"]
        let record = try ShopperRecord(bytes: bytes ?? [], shopper: "u:u")
        #expect(record.cart == (30..<130).map(Shop.item))
    }

    @Test("A shopper who was silent for longer than the limit starts anew, with all that was ever bought")
    func idleExpiry() throws {
        let shop = try Shop()
        let log = try [
            Shop.record(0, Shop.event("u", 1, .purchase, at: 0)), Shop.record(1, Shop.event("u", 2, .cart, at: 10)),
            Shop.record(2, Shop.event("u", 3, at: 200)),
        ]
        let record = try ShopperRecord(
            bytes: try shop.run(log, shop.settings(idle: 100_000), batch: 3).states["u:u"] ?? [], shopper: "u:u")
        #expect(record.entries.map(\.item) == [Shop.item(3)])
        #expect(record.cart.isEmpty)
        #expect(
            record.purchases.recent == [.init(item: Shop.item(1), time: EventTime(milliseconds: Shop.start))])
        #expect(record.sequence == 3)
        let fresh = try shop.run([try Shop.record(0, Shop.event("u", 3, at: 200))], shop.settings(), batch: 1)
        #expect(record.state == (try ShopperRecord(bytes: fresh.states["u:u"] ?? [], shopper: "u:u")).state)
    }

    @Test("Users whose ids differ only in how an accent is written stay two users")
    func canonicalEquivalence() throws {
        let shop = try Shop()
        let log = try [
            Shop.record(0, Shop.event("caf\u{e9}", 1, .purchase)),
            Shop.record(1, Shop.event("cafe\u{301}", 2, .purchase)),
        ]
        for batch in [1, 8] {
            let states = try shop.run(log, shop.settings(), batch: batch).states
            #expect(states.keys.count { $0.rawValue.hasPrefix("u:") } == 2)
        }
    }

    @Test("A broken record becomes a dead letter with its own bytes, and the rest goes on")
    func deadLetters() throws {
        let shop = try Shop()
        var broken = try Shop.record(1, Shop.event("u", 2))
        broken.value = [0xff, 0x00]
        broken.headers = [Header(name: "trace", value: [1, 2])]
        let log = [try Shop.record(0, Shop.event("u", 1)), broken, try Shop.record(2, Shop.event("u", 3, at: 5))]
        let result = try shop.run(log, shop.settings(), batch: 8)
        let letters = result.output.filter { $0.destination == .deadLetters }
        #expect(letters.count == 1)
        #expect(letters.first?.value == [0xff, 0x00])
        #expect(letters.first?.key == broken.key)
        #expect(letters.first?.headers.first == broken.headers.first)
        let record = try ShopperRecord(bytes: result.states["u:u"] ?? [], shopper: "u:u")
        #expect(record.entries.map(\.item) == [Shop.item(1), Shop.item(3)])
    }
}
