import Bytes
import Commerce
import Streaming
import Testing

@Suite("A shopper's stored record")
struct ShopperRecordTests {
    static var sample: ShopperRecord {
        var record = ShopperRecord(shopper: "u:42")
        record.model = "abc"
        record.startedAt = 7
        record.sequence = 300
        record.state = ShopperState(values: [1.5, -0.25, .leastNonzeroMagnitude, 0])
        record.latest = EventTime(milliseconds: -5)
        record.entries = [
            .init(item: ItemID("a"), action: .browse, gap: nil, vector: nil),
            .init(item: ItemID("ü🙂"), action: .purchase, gap: 0, vector: [1, 2]),
            .init(
                item: ItemID("c"), action: .cartRemoval, gap: 1 << 40, vector: nil, changesSession: true,
                attributes: ["country": "nl", "ü": ""]),
            .init(item: ItemID("d"), action: .cart, gap: 5, vector: [3], attributes: ["country": "nl", "ü": ""]),
            .init(item: ItemID("e"), action: .cart, gap: 5, vector: nil),
            .init(item: ItemID("f"), action: .cart, gap: 5, vector: nil, attributes: ["country": "be"]),
        ]
        record.session = .max - 3
        record.eventIDs = [1, .max]
        record.cart = [ItemID("e"), ItemID("ü")]
        for (item, time) in [("x", 1 << 41), ("ü🙂", -5), ("y", .max), ("z", .min)] as [(String, Int64)] {
            record.purchases.add(ItemID(item), at: EventTime(milliseconds: time), limit: 3)
        }
        return record
    }

    @Test("What is written is read, and equal records have equal bytes")
    func roundTrip() throws {
        let record = Self.sample
        #expect(try ShopperRecord(bytes: record.bytes, shopper: "u:42") == record)
        #expect(Self.sample.bytes == record.bytes)
        let empty = ShopperRecord(shopper: "a:")
        #expect(try ShopperRecord(bytes: empty.bytes, shopper: "a:") == empty)
    }

    @Test("A shopper's attributes are stored once as long as they stay")
    func attributesOnce() {
        func size(_ attributes: [[String: String]]) -> Int {
            var record = ShopperRecord(shopper: "u:1")
            record.entries = attributes.map {
                .init(item: ItemID("a"), action: .browse, gap: nil, vector: nil, attributes: $0)
            }
            return record.bytes.count
        }
        let (nl, be) = (["country": "nl"], ["country": "be"])
        #expect(size([nl, nl, nl]) == size([nl, [:], [:]]))
        #expect(size([nl, be, nl]) == size([nl, [:], [:]]) + 2 * (1 + 1 + 7 + 1 + 2))
    }

    @Test("Cut or foreign bytes are refused with a reason, never a trap")
    func corrupt() throws {
        let bytes = Self.sample.bytes
        for length in 0..<bytes.count {
            let error = #expect(throws: StreamError.self) {
                try ShopperRecord(bytes: Array(bytes[..<length]), shopper: "u:42")
            }
            #expect(error?.code == .corrupt)
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0xff
            // Some changes are still a record (a float, a letter of an item); none may trap or be taken for another shopper.
            _ = try? ShopperRecord(bytes: changed, shopper: "u:42")
        }
        let error = #expect(throws: StreamError.self) { try ShopperRecord(bytes: bytes, shopper: "u:43") }
        #expect(error?.message.contains("u:43") == true)
        #expect(throws: StreamError.self) { try ShopperRecord(bytes: [5] + bytes.dropFirst(), shopper: "u:42") }
    }

    @Test("More in the cart, more purchases or another filter than there can be: refused, and told")
    func impossibleSizes() throws {
        /// What is said of an empty shopper's record with other bytes in the place of its empty cart, purchases and filter.
        func complaint(_ write: (inout ByteWriter) -> Void) throws -> String {
            var writer = ByteWriter()
            writer.raw(ShopperRecord(shopper: "u:1").bytes.dropLast(3))
            write(&writer)
            let error = #expect(throws: StreamError.self) { try ShopperRecord(bytes: writer.bytes, shopper: "u:1") }
            #expect(error?.code == .corrupt)
            return try #require(error?.message)
        }
        let cart = try complaint { writer in
            writer.count(101)
            for _ in 0..<101 { writer.string("a") }
            writer.raw([0, 0])
        }
        #expect(cart.hasPrefix("shopper u:1: ") && cart.contains("101 items in the cart"), "\(cart)")
        let purchases = try complaint { writer in
            writer.raw([0])
            writer.count(4_097)
            for _ in 0..<4_097 { writer.raw([1, 97, 0]) }
            writer.raw([0])
        }
        #expect(purchases.contains("4097 purchases by name"), "\(purchases)")
        for size in [1, 4_095, 4_097] {
            let filter = try complaint { writer in
                writer.raw([0, 0])
                writer.blob([UInt8](repeating: 1, count: size))
            }
            #expect(filter.contains("a filter of \(size) bytes"), "\(filter)")
        }
    }

    @Test("After 20,000 purchases a record is as long as after a thousand, and nothing that was bought is forgotten")
    func bounded() throws {
        let shop = try Shop(items: 2)
        let log = try (0..<20_000).map {
            try Shop.record(Int64($0), Shop.event("u", $0, .purchase, at: Int64($0), id: "e\($0)"))
        }
        let store = MemoryStateStore()
        func record(after count: Int) throws -> ShopperRecord {
            let settings = shop.settings(history: 50, window: 64, purchases: 256)
            let bytes = try shop.run(Array(log[..<count]), settings, batch: 500, store: store).states["u:u"]
            #expect((4_096...10_000).contains(bytes?.count ?? 0), "\(bytes?.count ?? 0)")
            return try ShopperRecord(bytes: bytes ?? [], shopper: "u:u")
        }
        _ = try record(after: 1_000)
        let last = try record(after: 20_000)
        #expect(last.sequence == 20_000)
        #expect(last.purchases.recent.map(\.item) == (19_744..<20_000).map(Shop.item))
        #expect((0..<20_000).allSatisfy { last.purchases.contains(Shop.item($0)) })
    }
}
