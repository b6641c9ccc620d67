import Commerce
import Retrieval
import Testing

@Suite("The Bloom filter")
struct BloomFilterTests {
    private static func filter(_ count: Int) -> BloomFilter {
        var filter = BloomFilter()
        for number in 0..<count { filter.insert(ItemID("sku-\(number)")) }
        return filter
    }

    @Test(
        "Every item that was inserted is found, and others as seldom as the formula says",
        arguments: [0, 1_000, 3_000, 10_000])
    func membership(count: Int) {
        let filter = Self.filter(count)
        #expect((0..<count).allSatisfy { filter.contains(ItemID("sku-\($0)")) })
        let others = 200_000
        let found = (0..<others).count { filter.contains(ItemID("other-\($0)")) }
        func power(_ base: Double, _ exponent: Int) -> Double {
            (0..<exponent).reduce(1) { product, _ in product * base }
        }
        let expected = Double(others) * power(1 - power(1 - 4 / 32_768, count), 4)
        // Three standard deviations, and an eighth for a filter that is fuller or emptier than most.
        #expect(
            (Double(found) - expected).magnitude <= 3 * expected.squareRoot() + expected / 8, "\(found), \(expected)")
    }

    @Test("An item's bits are those of every process and version: filters are stored")
    func bits() {
        var filter = BloomFilter()
        filter.insert(ItemID("a"))
        filter.insert(ItemID("ü🙂"))
        let set = (0..<32_768).filter { filter.bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 }
        #expect(set == [4_563, 9_669, 16_546, 19_814, 25_348, 28_529, 29_959, 32_292])
    }

    @Test("A filter is its bytes, in whatever order items came")
    func bytes() {
        let filter = Self.filter(50)
        #expect(BloomFilter(bytes: filter.bytes) == filter)
        var reversed = BloomFilter()
        for number in (0..<50).reversed() { reversed.insert(ItemID("sku-\(number)")) }
        #expect(reversed == filter)
        #expect(BloomFilter(bytes: []) == nil && BloomFilter(bytes: filter.bytes + [0]) == nil)
    }
}
