import Commerce
import Dispatch
import Foundation
import Retrieval
import Synchronization
import Testing

/// Changes: what is refused, what snapshots see, what memory does.
struct IndexChangeTests {
    @Test(arguments: IndexKind.allCases) func refusesBadVectorsByName(kind: IndexKind) throws {
        var index = try kind.make(dimension: 4)
        let item = ItemID("i7")
        try index.upsert(item, [1, 2, 3, 4].span)
        for vector in [[], [1, 2, 3], [1, 2, 3, 4, 5]] as [[Float]] {
            #expect(throws: RetrievalError.vectorLength(item: item, expected: 4, found: vector.count)) {
                try index.upsert(item, vector.span)
            }
        }
        for bad in [.infinity, -.infinity, 1.1e15] as [Float] {
            #expect(throws: RetrievalError.vectorValue(item: item, position: 2, value: bad)) {
                try index.upsert(item, [1, 2, bad, 4].span)
            }
        }
        let error = #expect(throws: RetrievalError.self) { try index.upsert(ItemID("new"), [0, .nan, 0, 0].span) }
        #expect(error?.description.contains("item new: coordinate 1") == true)
        let held = try index.search([[1, 1, 1, 1]], k: 9)
        #expect(held == [[ScoredItem(item: item, score: 10)]])
    }

    @Test(arguments: IndexKind.allCases) func refusesBadQueriesByPlace(kind: IndexKind) throws {
        let index = try kind.make(dimension: 2, [(key: ItemID("a"), value: [1, 1])])
        #expect(throws: RetrievalError.queryLength(dimension: 2, found: 3)) {
            try index.search([[1, 2, 3]], k: 1)
        }
        #expect(throws: RetrievalError.queryValue(user: 1, position: 0, value: .infinity)) {
            try index.search([[1, 2], [.infinity, 2]], k: 1)
        }
        #expect(throws: RetrievalError.exclusions(users: 2, found: 1)) {
            try index.search([[1, 2], [1, 2]], k: 1, excluding: [[]])
        }
        #expect(try index.search([], k: 3).isEmpty)
    }

    /// The largest coordinates that are taken still have finite scores.
    @Test(arguments: IndexKind.allCases) func largestCoordinatesDoNotOverflow(kind: IndexKind) throws {
        let largest = [Float](repeating: RetrievalError.largestCoordinate, count: 2048)
        let index = try kind.make(dimension: 2048, [(ItemID("a"), largest), (ItemID("b"), largest.map { -$0 })])
        let found = try index.search([largest], k: 2)[0]
        #expect(found.map(\.item.rawValue) == ["a", "b"])
        #expect(found.allSatisfy { $0.score.isFinite } && found[0].score == -found[1].score)
    }

    /// Snapshots are searched on other threads while the index changes under them.
    @Test(arguments: IndexKind.allCases) func snapshotsStandStill(kind: IndexKind) throws {
        var generator = Generator(state: 21)
        var index = try kind.make(dimension: 16)
        for i in 0..<1200 { try index.upsert(ItemID("i\(i)"), generator.vector(16).span) }
        let queries = (0..<8).map { _ in generator.vector(16) }
        let group = DispatchGroup()
        let queue = DispatchQueue(label: "searches", attributes: .concurrent)
        let different = Counter()
        // The sanitizer sees no counts of references: a block whose last reader has gone is changed in place.
        let givenBack = NSLock()
        var seen: Set<[[String]]> = []
        for round in 0..<40 {
            let expected = bits(try index.search(queries, k: 10))
            seen.insert(expected)
            let handed = Handed(index)
            queue.async(group: group) {
                var snapshot = handed.take()
                for _ in 0..<3 where (try? snapshot.map { try bits($0.search(queries, k: 10)) }) != expected {
                    different.increment()
                }
                snapshot = nil
                givenBack.withLock {}
            }
            for _ in 0..<30 {
                givenBack.withLock {}
                let item = ItemID("i\(Int.random(in: 0..<1500, using: &generator))")
                if Bool.random(using: &generator) {
                    index.remove(item)
                } else {
                    let vector = generator.vector(16).map { $0 * Float(1 + round) }
                    try index.upsert(item, vector.span)
                }
            }
        }
        group.wait()
        #expect(different.value == 0)
        #expect(seen.count > 20, "the changes must show in results, or this test shows nothing")
    }

    /// An index on its way to another thread, which alone has it then.
    private final class Handed: Sendable {
        private let index: Mutex<(any ItemIndex)?>

        init(_ index: any ItemIndex) { self.index = Mutex(index) }

        func take() -> (any ItemIndex)? { index.withLock { $0.take() } }
    }

    /// An index and what it should be.
    private struct Pair {
        var index: any ItemIndex
        var naive = NaiveIndex()

        mutating func change(_ generator: inout Generator) throws {
            let item = ItemID("i\(Int.random(in: 0..<1500, using: &generator))")
            let held = naive.vectors[item]
            guard held == nil || Int.random(in: 0..<4, using: &generator) > 0 else {
                index.remove(item)
                (naive.vectors[item], naive.attributes[item]) = (nil, nil)
                return
            }
            // Often the same vector: a block's other parts stay shared.
            let vector = Bool.random(using: &generator) ? held ?? generator.vector(16) : generator.vector(16)
            let attributes = ItemAttributes(
                profile: .init(brand: "b\(Int.random(in: 0..<300, using: &generator))"),
                price: Float(Int.random(in: 0..<100, using: &generator)))
            (naive.vectors[item], naive.attributes[item]) = (vector, attributes)
            try index.upsert(item, vector.span, attributes, number: nil)
        }
    }

    /// Copies that share all at first, and then change apart.
    @Test(arguments: IndexKind.allCases) func copiesGoTheirOwnWays(kind: IndexKind) throws {
        var generator = Generator(state: 23)
        var original = Pair(index: try kind.make(dimension: 16))
        for _ in 0..<3000 { try original.change(&generator) }
        var pairs = [Pair](repeating: original, count: 4)
        for _ in 0..<300 { for copy in 1..<4 { try pairs[copy].change(&generator) } }
        let condition = ItemCondition.any([.price(0...49), .brand("b7"), .brand("b8")])
        for pair in pairs {
            #expect(pair.index.count == pair.naive.vectors.count)
            for (item, attributes) in pair.naive.attributes { #expect(pair.index.attributes(of: item) == attributes) }
            for _ in 0..<5 {
                let query = generator.vector(16)
                let all = try pair.index.search([query], k: 20)[0]
                #expect(all == pair.naive.search(query, k: 20))
                let some = try pair.index.search([query], k: 20, filter: ItemFilter(condition))[0]
                #expect(some == pair.naive.search(query, k: 20, where: condition))
            }
        }
    }

    /// Items come and go; memory follows how many there are.
    @Test(arguments: IndexKind.allCases) func churnDoesNotGrowMemory(kind: IndexKind) throws {
        var generator = Generator(state: 22)
        var index = try kind.make(dimension: 16)
        #expect(index.vectorBytes == 0)
        for i in 0..<20_000 {
            try index.upsert(ItemID("i\(i)"), generator.vector(16).span)
            guard i >= 1000 else { continue }
            let removed = index.remove(ItemID("i\(i - 1000)"))
            #expect(removed)
        }
        #expect(index.count == 1000)
        // Vectors, and beside them codes, keys and half-empty blocks.
        #expect(index.vectorBytes < 4 * 1000 * (16 * MemoryLayout<Float>.stride + 24))
        for i in 19_000..<20_000 { index.remove(ItemID("i\(i)")) }
        #expect(index.count == 0 && index.vectorBytes == 0)
        let again = index.remove(ItemID("i19999"))
        #expect(!again)
    }
}

/// A count that several threads add to.
private final class Counter: @unchecked Sendable {  // guarded by its queue
    private let queue = DispatchQueue(label: "count")
    private var count = 0

    var value: Int { queue.sync { count } }
    func increment() { queue.sync { count += 1 } }
}
