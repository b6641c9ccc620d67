import Commerce
import Retrieval
import Streaming
import Testing

/// Lists under filters and rules, as they leave the stage: beside the whole ranking of every item, which a run without rules gives,
/// with the rules applied to it one item after the other.
@Suite("Lists under filters and rules", .serialized)
struct RuledListTests {
    private static let count = 60
    private static let all = ListRules(
        filter: .all([]), excludesCart: false, repurchase: Repurchase(.always))

    /// Sixty known items and ten new ones, with attributes.
    private static func shop() throws -> Shop {
        let shop = try Shop()
        let items = (0..<count).map { Shop.item($0) } + (0..<10).map { ItemID("new\($0)") }
        shop.catalogue.apply(items.map { .upsert(record($0)) }, partition: 0, next: 1)
        return shop
    }

    private static func record(_ item: ItemID) -> CatalogueItem {
        let number = Int(item.rawValue.drop { !$0.isNumber }) ?? 0
        return CatalogueItem(
            item: item, title: number % 3 == 0 ? "red" : "blue",
            category: [["Food", "Coffee"], ["Food"], ["Toys"], []][number % 4],
            brand: ["Acme", "Bolt", nil, "Acme", "Acme"][number % 5], price: number % 7 == 0 ? nil : Double(number),
            inStock: number % 6 != 0)
    }

    private static func log() throws -> [LogRecord] {
        var random = Simulation.Random(state: 17)
        return try (0..<150).map { offset in
            let event = Shop.event(
                "u\(Int.random(in: 0..<4, using: &random))", Int.random(in: 0..<count, using: &random),
                Action.allCases[Int.random(in: 0..<4, using: &random)], at: Int64(offset) * 500)
            return try Shop.record(Int64(offset), event)
        }
    }

    private struct Line: Equatable {
        var item: ItemID
        var score: Float
        var origin = RecommendationList.Origin.personal

        init(_ slot: RecommendationList.Slot) { (item, score, origin) = (slot.item, slot.score, slot.origin) }
        init(_ item: ItemID, _ score: Float) { (self.item, self.score) = (item, score) }
    }

    /// The lists at every event, by their offsets.
    private static func lists(_ shop: Shop, _ rules: ListRules, size: Int, purchases: Int = 256) throws -> [Int64:
        [Line]]
    {
        let output = try shop.run(
            log(), shop.settings(purchases: purchases, size: size, refresh: .everyEvent, rules: rules), batch: 32
        ).output
        return Dictionary(
            uniqueKeysWithValues: try Shop.decode(output).map { ($0.lineage.source.offset, $0.slots.map(Line.init)) })
    }

    private static func holds(_ condition: ItemCondition, _ item: ItemID) -> Bool {
        let record = record(item)
        return condition.holds(
            for: item,
            ItemAttributes(
                profile: .init(category: record.category, brand: record.brand), price: record.price.map { Float($0) },
                inStock: record.inStock), isNew: item.rawValue.hasPrefix("new"))
    }

    private static func sorted(_ lines: [Line]) -> [Line] {
        lines.sorted { $0.score != $1.score ? $0.score > $1.score : $0.item < $1.item }
    }

    @Test(
        "A filter leaves the best of what passes",
        arguments: [
            .inStock, .price(10...30), .all([.inStock, .brand("Acme"), .not(.category(["Toys"]))]), .new,
            .any([.category(["Food", "Coffee"]), .items([Shop.item(2), ItemID("new9"), ItemID("gone")])]),
        ] as [ItemCondition])
    func filters(condition: ItemCondition) throws {
        let shop = try Self.shop()
        let everything = try Self.lists(shop, Self.all, size: 100)
        var rules = Self.all
        rules.filter = condition
        let lists = try Self.lists(shop, rules, size: 12)
        #expect(lists.count == 150 && everything.values.allSatisfy { $0.count == 70 })
        for (offset, list) in lists {
            let expected = (everything[offset] ?? []).filter { Self.holds(condition, $0.item) }.prefix(12)
            #expect(list == Array(expected))
        }
    }

    @Test("Boosts add up, and the best by the sum are the list")
    func boosts() throws {
        let shop = try Self.shop()
        let everything = try Self.lists(shop, Self.all, size: 100)
        var rules = Self.all
        rules.filter = .inStock
        rules.boosts = [
            .init(condition: .brand("Acme"), factor: 1.35), .init(condition: .new, factor: 0.6),
            .init(condition: .price(20...40), factor: 1.12),
        ]
        var moved = 0
        for (offset, list) in try Self.lists(shop, rules, size: 12) {
            let before = (everything[offset] ?? []).filter { Self.holds(.inStock, $0.item) }
            let raised = before.map { line in
                let addend = rules.boosts.reduce(Float(0)) { Self.holds($1.condition, line.item) ? $0 + $1.addend : $0 }
                return Line(line.item, line.score + addend)
            }
            #expect(list == Array(Self.sorted(raised).prefix(12)))
            if list.map(\.item) != before.prefix(12).map(\.item) { moved += 1 }
        }
        #expect(moved > 100)
    }

    @Test("Where caps pass many over, more are looked for")
    func caps() throws {
        let shop = try Self.shop()
        let everything = try Self.lists(shop, Self.all, size: 100)
        var rules = Self.all
        rules.caps = [.init(.brand, limit: 1), .init(.categoryLevel(1), limit: 3)]
        for (offset, list) in try Self.lists(shop, rules, size: 10) {
            var (brands, categories, expected): (Set<String>, [String: Int], [Line]) = ([], [:], [])
            for line in everything[offset] ?? [] where expected.count < 10 {
                let record = Self.record(line.item)
                if let brand = record.brand, brands.contains(brand) { continue }
                if let category = record.category.first, categories[category, default: 0] == 3 { continue }
                if let brand = record.brand { brands.insert(brand) }
                if let category = record.category.first { categories[category, default: 0] += 1 }
                expected.append(line)
            }
            #expect(list == expected)
        }
    }

    @Test("Pins and new items have their ranks, the others keep their order")
    func pinsAndExploration() throws {
        let shop = try Self.shop()
        let everything = try Self.lists(shop, Self.all, size: 100)
        var rules = Self.all
        rules.filter = .inStock
        rules.pins = [
            .init(rank: 1, condition: .brand("Bolt")), .init(rank: 4, condition: .items([Shop.item(0)])),
            .init(rank: 5, condition: .items([Shop.item(5)])),
        ]
        rules.explorationShare = 0.2
        for (offset, list) in try Self.lists(shop, rules, size: 10) {
            let ranking = (everything[offset] ?? []).filter { Self.holds(.inStock, $0.item) }
            #expect(list.count == 10 && Set(list.map(\.item)).count == 10)
            #expect(
                list[0].origin == .pinned && list[0].item == ranking.first { Self.holds(.brand("Bolt"), $0.item) }?.item
            )
            #expect(list[3].origin != .pinned, "item 0 is out of stock")
            #expect(list[4].origin == .pinned && list[4].item == Shop.item(5))
            let new = list.filter { $0.origin == .exploration }.map(\.item)
            let pinned = Set(list.filter { $0.origin == .pinned }.map(\.item))
            #expect(new.count == 2 && new.allSatisfy { $0.rawValue.hasPrefix("new") })
            #expect(list.prefix { $0.origin != .exploration }.contains { $0.origin == .personal })
            let personal = list.filter { $0.origin == .personal }.map(\.item)
            let rest = ranking.map(\.item).filter { !pinned.contains($0) && !new.contains($0) }
            #expect(personal.allSatisfy(rest.contains) && personal == rest.filter(Set(personal).contains))
        }
    }

    @Test("Diversity lowers the likeness of neighbours; a minimum score shortens the list")
    func diversityAndMinimum() throws {
        let shop = try Self.shop()
        let plain = try Self.lists(shop, Self.all, size: 10)
        var rules = Self.all
        rules.diversity = 0.5
        func likeness(_ lists: [Int64: [Line]]) -> Float {
            var sum: Float = 0
            for list in lists.values {
                let vectors = list.compactMap { shop.catalogue.snapshot.index.vector(of: $0.item)?.vector }
                for (a, b) in zip(vectors, vectors.dropFirst()) { sum += zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            }
            return sum
        }
        let diverse = try Self.lists(shop, rules, size: 10)
        #expect(likeness(diverse) < likeness(plain) - 1 && diverse.values.allSatisfy { $0.count == 10 })
        rules = Self.all
        rules.minimumScore = 0.5
        for (offset, list) in try Self.lists(shop, rules, size: 10) {
            #expect(list == (plain[offset] ?? []).filter { $0.score >= 0.5 })
        }
    }

    @Test(
        "What was bought comes back as its category's rule says, and what has left the memory as well",
        arguments: [256, 1])
    func repurchase(memory: Int) throws {
        let shop = try Self.shop()
        let everything = try Self.lists(shop, Self.all, size: 100)
        var rules = Self.all
        rules.excludesCart = true
        rules.repurchase = Repurchase(
            .never, byCategory: [["Food"]: .always, ["Food", "Coffee"]: .after(milliseconds: 3 * 3_600_000)])
        let lists = try Self.lists(shop, rules, size: 100, purchases: memory)
        var bought: [String: [ItemID: Int64]] = [:]
        var carts: [String: [ItemID]] = [:]
        var (checked, back) = (0, 0)
        for record in try Self.log() {
            guard
                case .event(let event) = EventDecoder().decode(
                    key: record.key, value: record.value, timestamp: record.timestamp)
            else { continue }
            let id = event.shopper.id
            switch event.action {
            case .purchase:
                bought[id, default: [:]][event.item] = event.time.rawValue
                carts[id]?.removeAll { $0 == event.item }
            case .cart:
                carts[id, default: []].removeAll { $0 == event.item }
                carts[id, default: []].append(event.item)
            case .cartRemoval: carts[id]?.removeAll { $0 == event.item }
            case .browse: break
            }
            let newest = bought[id]?.max { $0.value < $1.value }?.key
            let excluded = (bought[id] ?? [:]).filter { item, time in
                switch Self.record(item).category {
                case ["Food"]: return false
                case ["Food", "Coffee"]:
                    // What has left the memory was bought before what is in it.
                    let known = memory > 1 ? time : newest.flatMap { bought[id]?[$0] } ?? time
                    if event.time.rawValue - known >= 3 * 3_600_000 { back += 1 }
                    return event.time.rawValue - known < 3 * 3_600_000
                default: return true
                }
            }.keys
            let expected = (everything[record.offset.rawValue] ?? []).filter {
                !excluded.contains($0.item) && !(carts[id] ?? []).contains($0.item)
            }
            #expect(lists[record.offset.rawValue] == expected, "offset \(record.offset)")
            checked += excluded.count
        }
        #expect(checked > 300 && back > (memory > 1 ? 20 : 0), "\(checked) \(back)")
    }
}
