import Commerce
import Dispatch
import LinearAlgebra
import Retrieval
import Streaming
import Synchronization
import Testing
import TwoTower

/// A catalogue that outgrows the plan of its index.
struct LiveCatalogueTests {
    static let words = (0..<300).map { "word\($0)" }

    /// Some known items, and words that have embeddings: new items live by them.
    static func model(items: Int = 60) -> Model {
        var random = Simulation.Random(state: 5)
        let layout = TowerLayout(TowerShape(items: items, tokens: words.count, dimension: 16, blocks: 1, hidden: 32))
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<layout.count { parameters.pointer[index] = Float.random(in: -0.3...0.3, using: &random) }
        func unitVectors(_ count: Int) -> FloatBuffer {
            let vectors = FloatBuffer(count: count * 16)
            for index in 0..<vectors.count { vectors.pointer[index] = Float.random(in: -1...1, using: &random) }
            for row in 0..<count { _ = ItemTower.normalise(vectors.pointer + row * 16, dimension: 16) }
            return vectors
        }
        return Model(
            version: "m1", layout: layout, parameters: parameters, itemVectors: unitVectors(items),
            audience: unitVectors(200), vocabulary: FeatureVocabulary(tokens: words.map { "w:\($0)" }),
            items: (0..<items).map(Shop.item))
    }

    static func record(_ number: Int, seed: Int = 0) -> CatalogueItem {
        var random = Simulation.Random(state: UInt64(number + seed * 1_000_000))
        let title = (0..<2).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
        return CatalogueItem(item: ItemID("new-\(number)"), title: title.joined(separator: " "))
    }

    @Test func whoeverWaitsForThePlanHasIt() throws {
        let catalogue = try LiveCatalogue(model: Self.model(), recall: 0.9)
        catalogue.waitForPlan()
        #expect(catalogue.snapshot.index.version == "flat-1")
        catalogue.apply((0..<9000).map { .upsert(Self.record($0)) }, partition: 0, next: 9000)
        catalogue.waitForPlan()
        #expect(catalogue.snapshot.index.version.hasPrefix("inverted-"))
    }

    /// However it comes, what is read at a start is planned as a whole, once.
    @Test func aReadingIsPlannedAtItsEnd() throws {
        let versions = try [false, true].map { isReversed in
            let plans = Mutex<[IndexPlan]>([])
            let catalogue = try LiveCatalogue(model: Self.model(), recall: 0.9) { plan in
                plans.withLock { $0.append(plan) }
            }
            var records = (0..<10_000).map { CatalogueChange.upsert(Self.record($0)) }
            if isReversed { records.reverse() }
            for first in stride(from: 0, to: records.count, by: 1000) {
                catalogue.apply(
                    Array(records[first..<first + 1000]), partition: 0, next: Int64(first + 1000), isReading: true)
            }
            #expect(plans.withLock { $0.map(\.items) } == [60])
            catalogue.waitForPlan()
            #expect(plans.withLock { $0.map(\.items) } == [60, 10_060])
            return catalogue.snapshot.index.version
        }
        #expect(versions[0] == versions[1] && versions[0].hasPrefix("inverted-"))
    }

    /// Changes go on while the new plan is made, and none is lost.
    @Test func aNewPlanIsMadeBesideTheChanges() throws {
        let plans = Mutex<[IndexPlan]>([])
        let planned = DispatchSemaphore(value: 0)
        let catalogue = try LiveCatalogue(model: Self.model(), recall: 0.9) { plan in
            plans.withLock { $0.append(plan) }
            planned.signal()
        }
        planned.wait()
        #expect(catalogue.snapshot.index.version == "flat-1")
        let before = catalogue.snapshot
        var offset: Int64 = 0
        func apply(_ changes: [CatalogueChange]) {
            offset += Int64(changes.count)
            let refused = catalogue.apply(changes, partition: 0, next: offset)
            #expect(refused.isEmpty)
        }
        apply((0..<9000).map { .upsert(Self.record($0)) })
        // The plan is in the making now, or already made.
        for number in 0..<300 {
            apply([
                .withdrawal(ItemID("new-\(number * 3)")), .upsert(Self.record(number * 3 + 1, seed: 1)),
                .upsert(Self.record(9000 + number)),
            ])
        }
        planned.wait()
        let after = catalogue.snapshot
        let expected = try LiveCatalogue(model: Self.model(), recall: 1)
        expected.apply(
            (0..<9000).map { number in
                number < 900 && number % 3 == 0
                    ? .withdrawal(ItemID("new-\(number)"))
                    : .upsert(Self.record(number, seed: number < 900 && number % 3 == 1 ? 1 : 0))
            } + (9000..<9300).map { .upsert(Self.record($0)) }, partition: 0, next: offset)
        #expect(after.index.version.hasPrefix("inverted-") && after.offsets == [0: offset])
        #expect(plans.withLock { $0.map(\.index.version) } == ["flat-1", after.index.version])
        #expect(Set(after.index.items) == Set(expected.snapshot.index.items) && after.index.count == 9060)
        for item in after.index.items {
            let (found, wanted) = (after.index.vector(of: item), expected.snapshot.index.vector(of: item))
            #expect(found?.vector == wanted?.vector && found?.number == wanted?.number)
        }
        #expect(before.index.count == 60)
    }
}
