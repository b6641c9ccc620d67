import Bytes
import Commerce
import Foundation
import Streaming
import Testing

@Suite("Decayed counts of items")
struct ItemCountsTests {
    static let day: Int64 = 86_400_000
    static let halfLife = HalfLife(milliseconds: 3 * day)

    static func item(_ number: Int) -> ItemID { ItemID("i\(number)") }

    /// Events of `items` items, the first ones most often, over `days` days, each up to a day late.
    static func stream(_ count: Int, items: Int, days: Int64, seed: UInt64) -> [(item: ItemID, time: EventTime)] {
        var random = Simulation.Random(state: seed)
        return (0..<count).map { number in
            let draw = Double.random(in: 0..<1, using: &random)
            let late = Int64.random(in: 0..<day, using: &random)
            let time = Shop.start + Int64(number) * days * day / Int64(count) - late
            return (item(Int(Double(items) * draw * draw * draw)), EventTime(milliseconds: time))
        }
    }

    static func count(_ events: [(item: ItemID, time: EventTime)]) -> ItemCounts {
        var counts = ItemCounts(halfLife: halfLife)
        for (item, time) in events { counts.count(item, at: time) }
        return counts
    }

    /// Every item's count at `time`, event by event from the formula.
    static func exact(_ events: [(item: ItemID, time: EventTime)], at time: EventTime) -> [ItemID: Double] {
        var counts: [ItemID: Double] = [:]
        for event in events {
            let age = Double(time.rawValue - event.time.rawValue) / Double(3 * day)
            counts[event.item, default: 0] += pow(2, -age)
        }
        return counts
    }

    static func value(_ counter: ItemCounts.Counter, in counts: ItemCounts) -> Double {
        let latest = counts.latest ?? 0
        return counter.count / HalfLife.weight(at: latest, from: HalfLife.period(of: latest))
    }

    @Test("With a counter for each item the counts are those of an exact dictionary, up to the length of a tick")
    func exactWhereThereIsRoom() throws {
        // Sixty days are twenty half-lives, so the landmark moves often.
        let events = Self.stream(20_000, items: ItemCounts.capacity, days: 60, seed: 3)
        let counts = Self.count(events)
        let now = EventTime(milliseconds: try #require(counts.latest) * Self.halfLife.tick)
        let exact = Self.exact(events, at: now)
        #expect(counts.counters.count == exact.count)
        for counter in counts.counters {
            let expected = try #require(exact[counter.item])
            #expect(abs(Self.value(counter, in: counts) / expected - 1) < 0.012)
        }
    }

    @Test("Without room an item is never counted too low, nor too high by more than its share of all weights allows")
    func boundedError() throws {
        let events = Self.stream(50_000, items: 2_000, days: 30, seed: 4)
        let counts = Self.count(events)
        #expect(counts.counters.count == ItemCounts.capacity)
        let now = EventTime(milliseconds: try #require(counts.latest) * Self.halfLife.tick)
        let exact = Self.exact(events, at: now)
        let bound = exact.values.reduce(0, +) / Double(ItemCounts.capacity)
        for counter in counts.counters {
            let (value, expected) = (Self.value(counter, in: counts), exact[counter.item] ?? 0)
            #expect(value > 0.988 * expected && value < 1.012 * (expected + bound))
        }
        let held = Set(counts.counters.map(\.item))
        for (item, expected) in exact where expected > 1.03 * bound { #expect(held.contains(item)) }
    }

    @Test("An event that comes late counts what it would have counted in time")
    func lateEvents() {
        let events = (0..<40).map {
            (item: Self.item($0), time: EventTime(milliseconds: Shop.start + Int64($0) * Self.day))
        }
        func counts(_ events: [(item: ItemID, time: EventTime)]) -> [ItemID: Double] {
            Dictionary(uniqueKeysWithValues: Self.count(events).counters.map { ($0.item, $0.count) })
        }
        #expect(counts(events) == counts(events.reversed()))
        #expect(counts(events) == counts(events.shuffled()))
    }

    @Test("A million distinct items leave no more counters than there can be")
    func boundedSize() {
        var counts = ItemCounts(halfLife: Self.halfLife)
        for number in 0..<1_000_000 {
            counts.count(Self.item(number), at: EventTime(milliseconds: Shop.start + Int64(number)))
        }
        #expect(counts.counters.count == ItemCounts.capacity)
        #expect(counts.bytes.count < 2_000)
    }

    @Test("What is written is read, and it goes on as if it had not been away")
    func roundTrip() throws {
        let events = Self.stream(3_000, items: 300, days: 30, seed: 5)
        let whole = Self.count(events)
        for cut in [0, 1, 700, 2_999] {
            let bytes = Self.count(Array(events[..<cut])).bytes
            var counts = try ItemCounts(bytes: bytes, key: "t:0:", halfLife: Self.halfLife)
            #expect(counts.bytes == bytes)
            for (item, time) in events[cut...] { counts.count(item, at: time) }
            #expect(counts == whole)
        }
        #expect(try ItemCounts(bytes: nil, key: "t:0:", halfLife: Self.halfLife) == ItemCounts(halfLife: Self.halfLife))
    }

    @Test("Another half-life keeps the counts of the latest event and decays from there")
    func otherHalfLife() throws {
        let counts = Self.count(Self.stream(500, items: 40, days: 5, seed: 6))
        let week = HalfLife(milliseconds: 7 * Self.day)
        var moved = try ItemCounts(bytes: counts.bytes, key: "t:0:", halfLife: week)
        #expect(moved.counters.map(\.item) == counts.counters.map(\.item))
        for (before, after) in zip(counts.counters, moved.counters) {
            #expect(abs(Self.value(after, in: moved) / Self.value(before, in: counts) - 1) < 1e-12)
        }
        let first = Self.value(moved.counters[0], in: moved)
        let latest = try #require(moved.latest)
        moved.count(Self.item(999), at: EventTime(milliseconds: (latest + HalfLife.ticks) * week.tick))
        #expect(abs(Self.value(moved.counters[0], in: moved) / first - 0.5) < 1e-12)
    }

    @Test("Cut, foreign or impossible bytes are refused with the key, never a trap")
    func corrupt() throws {
        let bytes = Self.count(Self.stream(500, items: 100, days: 5, seed: 7)).bytes
        func read(_ bytes: [UInt8]) throws -> ItemCounts {
            try ItemCounts(bytes: bytes, key: "t:7:nl", halfLife: Self.halfLife)
        }
        for length in bytes.indices {
            let error = #expect(throws: StreamError.self) { try read(Array(bytes[..<length])) }
            #expect(error?.code == .corrupt && error?.message.contains("t:7:nl") == true)
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0xff
            // Some changes are still a record (a letter of an item, a digit of a count); none may trap, later either.
            guard var counts = try? read(changed) else { continue }
            counts.count(Self.item(1), at: EventTime(milliseconds: Shop.start))
        }
        func record(_ counters: [(String, Double)], format: UInt8 = 1, tick: UInt64 = 9) -> [UInt8] {
            var writer = ByteWriter()
            writer.integer(format)
            writer.varint(tick)
            writer.integer(UInt8(1))
            writer.signedVarint(5)
            writer.count(counters.count)
            for (item, count) in counters {
                writer.string(item)
                writer.double(count)
            }
            return writer.bytes
        }
        #expect(try read(record([("a", 1), ("b", 0)])).counters.count == 2)
        for bad in [
            record([], format: 2), record([], tick: 0), record([], tick: .max), record([("a", 1), ("a", 1)]),
            record([("a", -1)]), record([("a", .nan)]), record([("a", .infinity)]),
            record((0...ItemCounts.capacity).map { ("\($0)", 1) }),
        ] {
            let error = #expect(throws: StreamError.self) { try read(bad) }
            #expect(error?.code == .corrupt)
        }
    }
}
