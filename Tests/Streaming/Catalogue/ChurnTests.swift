import Commerce
import Retrieval
import Streaming
import Testing

/// Items come, change and go, beside snapshots of earlier days.
struct ChurnTests {
    private static let model = LiveCatalogueTests.model()
    private static let market = ItemFilter(.all([.inStock, .price(100...800), .market("DE")]))
    private static let category = ItemFilter(.not(.category(["shelf-3"])))

    private static func record(_ number: Int, seed: Int = 0) -> CatalogueItem {
        var random = Simulation.Random(state: UInt64(number + seed * 1_000_000))
        func upTo(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        let words = LiveCatalogueTests.words
        return CatalogueItem(
            item: ItemID("new-\(number)"), title: words[upTo(words.count)] + " " + words[upTo(words.count)],
            category: ["shelf-\(upTo(9))"], brand: "brand-\(number % 500)", price: Double(upTo(1000)),
            inStock: upTo(10) > 0, markets: upTo(3) == 0 ? ["FR"] : [])
    }

    /// What some shoppers would find, in bits.
    private static func lists(_ snapshot: CatalogueSnapshot) throws -> [String] {
        let index = snapshot.index
        let queries = Array(model.audience.values.prefix(20 * index.dimension))
        let scratch = index.makeScratch()
        return try [[], [market], [category]].flatMap { (filters: [ItemFilter]) in
            try index.search(
                queries: queries.span, k: 20, filters: filters.flatMap { Array(repeating: $0, count: 20) },
                scratch: scratch
            ).map { list in "\(list.map { "\($0.item.rawValue) \($0.score.bitPattern) \($0.number ?? -1)" })" }
        }
    }

    /// After a year the catalogue is what one that never saw it would be: in its lists to the bit, in memory nearly.
    @Test func aYearOfChangesLeavesNoTrace() throws {
        let catalogue = try LiveCatalogue(model: Self.model)
        var random = Simulation.Random(state: 9)
        var present = (0..<1000).map { Self.record($0) }
        var offset: Int64 = 0
        func apply(_ changes: [CatalogueChange]) {
            offset += Int64(changes.count)
            catalogue.apply(changes, partition: 0, next: offset)
        }
        apply(present.map { .upsert($0) })
        var kept: [(snapshot: CatalogueSnapshot, lists: [String])] = []
        for day in 0..<365 {
            var changes: [CatalogueChange] = []
            for number in 0..<10 {
                let gone = present.remove(at: Int.random(in: 0..<present.count, using: &random))
                let come = Self.record(1000 + 10 * day + number)
                changes += [.withdrawal(gone.item), .upsert(come)]
                present.append(come)
            }
            for _ in 0..<50 {
                let place = Int.random(in: 0..<present.count, using: &random)
                present[place].price = Double(Int.random(in: 0..<1000, using: &random))
                present[place].inStock.toggle()
                changes.append(.upsert(present[place]))
            }
            apply(changes)
            if day % 100 == 0 { kept.append((catalogue.snapshot, try Self.lists(catalogue.snapshot))) }
        }
        let fresh = try LiveCatalogue(model: Self.model)
        fresh.apply(present.map { .upsert($0) }, partition: 0, next: offset)
        let (old, new) = (catalogue.snapshot, fresh.snapshot)
        #expect(old.index.count == new.index.count && old.offsets == new.offsets)
        #expect(try Self.lists(old) == Self.lists(new))
        for item in present {
            #expect(old.index.attributes(of: item.item) == new.index.attributes(of: item.item))
            #expect(old.vector(ofNew: item.item) == new.vector(ofNew: item.item))
        }
        #expect(old.index.vectorBytes <= new.index.vectorBytes * 5 / 4)
        for (snapshot, lists) in kept { #expect(try Self.lists(snapshot) == lists) }
        #expect(Set(kept.map(\.lists)).count == kept.count, "the changes must show, or this test shows nothing")
    }

    /// Price and stock count in the next snapshot, and not in the last.
    @Test func priceAndStockShowAtOnce() throws {
        let catalogue = try LiveCatalogue(model: Self.model)
        var item = CatalogueItem(item: ItemID("new-1"), title: "word1 word2", price: 50)
        func change(_ edit: (inout CatalogueItem) -> Void) {
            edit(&item)
            catalogue.apply([.upsert(item)], partition: 0, next: 1)
        }
        func isFound(_ snapshot: CatalogueSnapshot, _ condition: ItemCondition) throws -> Bool {
            let index = snapshot.index
            let list = try index.search(
                queries: [Float](repeating: 1, count: index.dimension).span, k: 100, filters: [ItemFilter(condition)],
                scratch: index.makeScratch())
            return list[0].contains { $0.item == item.item }
        }
        change { _ in }
        let cheap = catalogue.snapshot
        change { $0.price = 500 }
        let dear = catalogue.snapshot
        change { $0.inStock = false }
        let gone = catalogue.snapshot
        change { $0.inStock = true }
        let back = catalogue.snapshot
        for (snapshot, price, inStock) in [(cheap, 50, true), (dear, 500, true), (gone, 500, false), (back, 500, true)]
        {
            #expect(try isFound(snapshot, .price(0...100)) == (price == 50))
            #expect(try isFound(snapshot, .price(100...1000)) == (price == 500))
            #expect(try isFound(snapshot, .inStock) == inStock)
        }
    }
}
