import Commerce
import Dispatch
import Foundation
import LinearAlgebra
import Retrieval
import Streaming
import Synchronization
import Testing
import TwoTower

/// Searches and changes of the catalogue at once: what the thread sanitizer is to look at.
struct CatalogueRaceTests {
    private static let filters = [
        ItemFilter(.all([.inStock, .price(20...70)])), ItemFilter(.any([.brand("Acme"), .new])),
        ItemFilter(.not(.category(["Toys"]))),
    ]

    /// Threads that search a catalogue under filters until they are stopped.
    private final class Readers: Sendable {
        private let searches = Atomic(0)
        private let isOver = Atomic(false)
        private let faults = Mutex<[String]>([])
        private let threads = DispatchGroup()

        init(of catalogue: LiveCatalogue) {
            for reader in 0..<3 {
                threads.enter()
                // Threads of their own: tests take up all that dispatch has.
                Thread { [self] in
                    search(catalogue, number: reader)
                    threads.leave()
                }.start()
            }
        }

        private func search(_ catalogue: LiveCatalogue, number: Int) {
            var random = Simulation.Random(state: UInt64(number))
            let scratch = InvertedScratch()
            while !isOver.load(ordering: .relaxed) {
                let index = catalogue.snapshot.index
                let query = (0..<index.dimension).map { _ in Float.random(in: -1...1, using: &random) }
                let some = [filters[number], filters[(number + 1) % 3]]
                if let fault = fault(of: index, query, some, scratch) {
                    return faults.withLock { $0.append(fault) }
                }
                searches.add(1, ordering: .relaxed)
            }
        }

        /// So many searches were made, or one found a fault and no more are to be expected.
        func haveMade(_ count: Int) -> Bool {
            searches.load(ordering: .relaxed) >= count || faults.withLock { !$0.isEmpty }
        }

        /// Searches that were made.
        var made: Int { searches.load(ordering: .relaxed) }

        /// Stops them, and returns what they found wrong.
        func stop() -> [String] {
            isOver.store(true, ordering: .relaxed)
            threads.wait()
            return faults.withLock { $0 }
        }
    }

    /// What is wrong with searches of one catalogue: two that differ, an item that does not pass by the attributes held with it, or
    /// others in all lists than a sort of everything finds.
    private static func fault(
        of index: InvertedIndex, _ query: [Float], _ filters: [ItemFilter], _ scratch: InvertedScratch
    ) -> String? {
        func search(_ index: InvertedIndex) -> [[ItemID]]? {
            let queries = query + query
            return try? index.search(queries: queries.span, k: 40, filters: filters, scratch: scratch)
                .map { $0.map(\.item) }
        }
        guard let found = search(index), found == search(index) else { return "two searches of one snapshot differ" }
        for (list, filter) in zip(found, filters) {
            for item in list where !index.allows(item, filter.condition, excluding: ItemExclusions()) {
                return "\(item.rawValue) does not pass"
            }
        }
        let all = filters.map { filter in
            let passing = index.items.filter { index.allows($0, filter.condition, excluding: ItemExclusions()) }
            let scored = passing.map { item -> (item: ItemID, score: Float) in
                let vector = index.vector(of: item)?.vector ?? []
                return (item, Kernels.dot(query.span, vector.span))
            }
            let sorted = scored.sorted { $0.score != $1.score ? $0.score > $1.score : $0.item < $1.item }
            return sorted.prefix(40).map(\.item)
        }
        return search(index.looking(.everything)) == all ? nil : "\(index.version) does not find what there is"
    }

    private static func change(
        _ items: Range<Int>, _ name: (Int) -> ItemID, _ random: inout Simulation.Random
    ) -> CatalogueChange {
        let item = name(Int.random(in: items, using: &random))
        if Int.random(in: 0..<5, using: &random) == 0 { return .withdrawal(item) }
        return .upsert(
            CatalogueItem(
                item: item, title: ["red", "blue red", "word1", "word2 word3"].randomElement(using: &random) ?? "",
                category: [["Toys"], ["Food"], []].randomElement(using: &random) ?? [],
                brand: ["Acme", "Bolt", nil].randomElement(using: &random) ?? nil,
                price: Double.random(in: 1...100, using: &random), inStock: Bool.random(using: &random)))
    }

    /// Every search sees one consistent catalogue.
    @Test func searchesAndChangesDoNotDisturbEachOther() throws {
        let catalogue = try Shop(items: 600).catalogue
        let readers = Readers(of: catalogue)
        var random = Simulation.Random(state: 9)
        var offset: Int64 = 0
        while offset < 3000 || !readers.haveMade(60) {
            offset += 20
            catalogue.apply(
                (0..<20).map { _ in
                    Self.change(0..<900, { $0 < 600 ? Shop.item($0) : ItemID("new\($0)") }, &random)
                }, partition: 0, next: offset)
        }
        #expect(readers.stop() == [])
    }

    /// Nor does a new plan that comes into force meanwhile.
    @Test func searchesGoOnWhileANewPlanComes() throws {
        let catalogue = try LiveCatalogue(model: LiveCatalogueTests.model(), recall: 0.9)
        let readers = Readers(of: catalogue)
        catalogue.apply((0..<9000).map { .upsert(LiveCatalogueTests.record($0)) }, partition: 0, next: 9000)
        var random = Simulation.Random(state: 10)
        var offset: Int64 = 9000
        // Searches before, under and after the exchange, changes all the while.
        var after: Int?
        while !readers.haveMade(after.map { $0 + 10 } ?? .max) {
            offset += 20
            catalogue.apply(
                (0..<20).map { _ in Self.change(0..<9500, { ItemID("new-\($0)") }, &random) }, partition: 0,
                next: offset)
            if after == nil, catalogue.snapshot.index.version.hasPrefix("inverted-") {
                after = readers.made
            }
        }
        #expect(readers.stop() == [])
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
