import Commerce
import Foundation
import Streaming
import Testing

@Suite("What trends")
struct TrendingItemsTests {
    static func items(of markets: [String]) -> TrendingItems {
        let keys = TrendingItems.keys(of: markets)
        return TrendingItems(
            SharedRecords(keys: keys, records: keys.map { _ in ItemCounts(halfLife: ItemCountsTests.halfLife) }))
    }

    @Test("The top is that of an exact dictionary, by falling count and then by id")
    func exactTop() throws {
        // Items 0 and 1 are equal to the end; the others fall off quickly.
        var events = ItemCountsTests.stream(30_000, items: 400, days: 20, seed: 8)
        let last = events.map(\.time).max() ?? EventTime(milliseconds: 0)
        for number in 0..<3_000 { events.append((ItemCountsTests.item(1_000 + number % 2), last)) }
        var trending = Self.items(of: [])
        for (item, time) in events { trending.count(item, at: time, in: nil) }
        let exact = ItemCountsTests.exact(events, at: last)
        let expected = exact.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
        let found = trending.top(10, in: nil) { _ in 1 }
        #expect(found.prefix(2).map(\.item) == [1_000, 1_001].map(ItemCountsTests.item))
        #expect(found[0].count == found[1].count)
        #expect(found.map(\.item) == expected.prefix(10).map(\.key))
        for (found, expected) in zip(found, expected) { #expect(abs(found.count / expected.value - 1) < 0.03) }
        let odd = trending.top(10, in: nil) { $0.rawValue.last.map { "13579".contains($0) } == true ? 1 : nil }
        let oddExpected = expected.filter { $0.key.rawValue.last.map { "13579".contains($0) } ?? false }
        #expect(odd.map(\.item) == oddExpected.prefix(10).map(\.key))
    }

    @Test("A market's own items come first, and what it lacks is filled from all markets")
    func markets() {
        var trending = Self.items(of: ["nl", "be", "nl"])
        let time = EventTime(milliseconds: Shop.start)
        for (item, market) in [("a", "nl"), ("b", "be"), ("b", "be"), ("c", nil), ("c", nil), ("c", nil)] {
            trending.count(ItemID(item), at: time, in: market)
        }
        func top(_ count: Int, _ market: String?) -> [String] {
            trending.top(count, in: market) { _ in 1 }.map(\.item.rawValue)
        }
        #expect(top(9, nil) == ["c", "b", "a"])
        #expect(top(9, "nl") == ["a", "c", "b"])
        #expect(top(1, "be") == ["b"])
        #expect(top(2, "be") == ["b", "c"])
        #expect(top(2, "unheard of") == ["c", "b"])
        #expect(top(0, "be").isEmpty)
    }

    @Test("Markets whose names differ only in how an accent is written, or join with what stands before, stay apart")
    func names() {
        let names = ["caf\u{e9}", "cafe\u{301}", "\u{301}x", ":", "0:nl"]
        #expect(TrendingItems.keys(of: names + [""]).count == (names.count + 1) * TrendingItems.parts)
        var trending = Self.items(of: names)
        for (number, name) in names.enumerated() {
            trending.count(ItemCountsTests.item(number), at: EventTime(milliseconds: Shop.start), in: name)
        }
        for (number, name) in names.enumerated() {
            #expect(trending.top(1, in: name) { _ in 1 }.map(\.item) == [ItemCountsTests.item(number)])
        }
    }

    @Test("A million distinct items leave 1,024 counters, and an event changes one record of its market and one of all")
    func bounded() {
        var trending = Self.items(of: ["nl"])
        for number in 0..<1_000_000 {
            trending.count(ItemCountsTests.item(number), at: EventTime(milliseconds: Shop.start), in: nil)
        }
        #expect(trending.shared.records.reduce(0) { $0 + $1.counters.count } == 16 * ItemCounts.capacity)
        var one = Self.items(of: ["nl"])
        one.count(ItemID("a"), at: EventTime(milliseconds: Shop.start), in: "nl")
        #expect(one.shared.isChanged.count { $0 } == 2)
    }
}
