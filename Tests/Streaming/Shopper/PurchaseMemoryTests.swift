import Commerce
import Retrieval
import Streaming
import Testing

@Suite("The memory of purchases")
struct PurchaseMemoryTests {
    private static func time(_ number: Int) -> EventTime { EventTime(milliseconds: Int64(number)) }

    /// Purchases of items by number, the n-th at time n.
    private static func memory(_ items: [Int], limit: Int) -> PurchaseMemory {
        var memory = PurchaseMemory()
        for (index, item) in items.enumerated() { memory.add(Shop.item(item), at: time(index), limit: limit) }
        return memory
    }

    @Test("The last items are kept in order of the last purchase, each once with its latest time")
    func recent() {
        var memory = Self.memory([1, 2, 3, 1], limit: 3)
        #expect(memory.recent.map(\.item) == [2, 3, 1].map(Shop.item))
        #expect(memory.recent.map(\.time) == [1, 2, 3].map(Self.time))
        // It came last and happened before.
        memory.add(Shop.item(3), at: Self.time(-7), limit: 3)
        #expect(memory.recent.map(\.item) == [2, 1, 3].map(Shop.item))
        #expect(memory.recent.last?.time == Self.time(2))
        #expect(memory.older == nil, "nothing has left")
        #expect(memory.contains(Shop.item(2)) && !memory.contains(Shop.item(4)))
    }

    @Test("What leaves the last items goes into the filter and is still known")
    func older() {
        var memory = Self.memory([1, 2, 3, 4], limit: 2)
        #expect(memory.recent.map(\.item) == [3, 4].map(Shop.item))
        var filter = BloomFilter()
        for item in [1, 2] { filter.insert(Shop.item(item)) }
        #expect(memory.older == filter)
        // Bought again: among the last once more.
        memory.add(Shop.item(1), at: Self.time(9), limit: 2)
        #expect(memory.recent.map(\.item) == [4, 1].map(Shop.item))
        #expect((1...4).allSatisfy { memory.contains(Shop.item($0)) } && !memory.contains(Shop.item(5)))
    }

    @Test("The limit may change, be none at all, and cannot exceed what is read back")
    func limits() {
        var memory = Self.memory(Array(0..<10), limit: 8)
        memory.add(Shop.item(10), at: Self.time(10), limit: 3)
        #expect(memory.recent.map(\.item) == [8, 9, 10].map(Shop.item))
        memory.add(Shop.item(11), at: Self.time(11), limit: 0)
        #expect(memory.recent.isEmpty)
        #expect((0...11).allSatisfy { memory.contains(Shop.item($0)) })
        #expect(Self.memory(Array(0..<4_200), limit: .max).recent.count == PurchaseMemory.limits.upperBound)
    }

    @Test(
        "Random purchases: the last different items by a plain list, and none ever forgotten",
        arguments: 1...8 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var random = Simulation.Random(state: seed)
        let limit = Int.random(in: 0...20, using: &random)
        var memory = PurchaseMemory()
        var log: [(item: Int, time: Int)] = []
        for _ in 0..<400 {
            let purchase = (
                item: Int.random(in: 0..<60, using: &random), time: Int.random(in: 0..<1_000, using: &random)
            )
            log.append(purchase)
            memory.add(Shop.item(purchase.item), at: Self.time(purchase.time), limit: limit)
            var last: [Int] = []
            for (item, _) in log.reversed() where last.count < limit && !last.contains(item) { last.append(item) }
            #expect(memory.recent.map(\.item) == last.reversed().map(Shop.item))
            #expect(log.allSatisfy { memory.contains(Shop.item($0.item)) })
        }
        #expect((memory.older == nil) == (Set(log.map(\.item)).count <= limit))
    }
}
