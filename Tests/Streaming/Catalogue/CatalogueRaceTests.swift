import Commerce
import Dispatch
import Retrieval
import Streaming
import Synchronization
import Testing
import TwoTower

/// Searches and changes of the catalogue at once: what the thread sanitizer is to look at.
struct CatalogueRaceTests {
    /// Every search sees one consistent catalogue: all that it finds passes its filter by the attributes held in the same snapshot,
    /// and a second search of it finds the same.
    @Test func searchesAndChangesDoNotDisturbEachOther() throws {
        let shop = try Shop(items: 600)
        let filters = [
            ItemFilter(.all([.inStock, .price(20...70)])), ItemFilter(.any([.brand("Acme"), .new])),
            ItemFilter(.not(.category(["Toys"]))),
        ]
        let isOver = Atomic(false)
        let searches = Atomic(0)
        let faults = Mutex<[String]>([])
        let readers = DispatchGroup()
        for reader in 0..<3 {
            DispatchQueue.global().async(group: readers) {
                var random = Simulation.Random(state: UInt64(reader))
                let scratch = InvertedScratch()
                while !isOver.load(ordering: .relaxed) {
                    let index = shop.catalogue.snapshot.index
                    let query = (0..<32).map { _ in Float.random(in: -1...1, using: &random) }
                    let some = [filters[reader], filters[(reader + 1) % 3]]
                    func search() throws -> [[ItemID]] {
                        try index.search(queries: query.span, k: 40, filters: some, scratch: scratch)
                            .map { $0.map(\.item) }
                    }
                    guard let found = try? search(), let again = try? search(), found == again else {
                        faults.withLock { $0.append("two searches of one snapshot differ") }
                        return
                    }
                    for (list, filter) in zip(found, some) {
                        for item in list where !index.allows(item, filter.condition, excluding: ItemExclusions()) {
                            faults.withLock { $0.append("\(item.rawValue) does not pass") }
                        }
                    }
                    searches.add(1, ordering: .relaxed)
                }
            }
        }
        var random = Simulation.Random(state: 9)
        var offset: Int64 = 0
        while offset < 3000 || searches.load(ordering: .relaxed) < 60 {
            let changes = (0..<20).map { _ -> CatalogueChange in
                let number = Int.random(in: 0..<900, using: &random)
                let item = number < 600 ? Shop.item(number) : ItemID("new\(number)")
                if Int.random(in: 0..<5, using: &random) == 0 { return .withdrawal(item) }
                return .upsert(
                    CatalogueItem(
                        item: item, title: Bool.random(using: &random) ? "red" : "blue red",
                        category: [["Toys"], ["Food"], []].randomElement(using: &random) ?? [],
                        brand: ["Acme", "Bolt", nil].randomElement(using: &random) ?? nil,
                        price: Double.random(in: 1...100, using: &random), inStock: Bool.random(using: &random)))
            }
            offset += 20
            shop.catalogue.apply(changes, partition: 0, next: offset)
        }
        isOver.store(true, ordering: .relaxed)
        readers.wait()
        #expect(faults.withLock { $0 } == [])
    }

    /// A shop whose whole catalogue is withdrawn has empty lists that say what they lack.
    @Test func anEmptyCatalogueGivesEmptyLists() throws {
        let shop = try Shop()
        shop.catalogue.apply((0..<60).map { .withdrawal(Shop.item($0)) }, partition: 0, next: 60)
        let log = try (0..<3).map { try Shop.record(Int64($0), Shop.event("u", 7, at: Int64($0))) }
        let lists = try Shop.decode(shop.run(log, shop.settings(refresh: .everyEvent), batch: 2).output)
        #expect(lists.count == 3 && lists.allSatisfy { $0.slots.isEmpty && $0.shortfall == 5 })
    }
}
