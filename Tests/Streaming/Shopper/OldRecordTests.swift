import Bytes
import Commerce
import Retrieval
import Streaming
import Testing

@Suite("Records that older versions stored")
struct OldRecordTests {
    @Test(
        "Formats 1 to 3 are read: the cart is what the kept events left, and a purchase has the time of the last event",
        arguments: 1...3 as ClosedRange<UInt8>)
    func formats(format: UInt8) throws {
        let record = try ShopperRecord(
            bytes: Self.bytes(format, latest: -5, entries: true, purchased: ["x", "b"]), shopper: "u:42")
        var expected = ShopperRecord(shopper: "u:42")
        (expected.model, expected.startedAt, expected.sequence) = ("abc", 7, 300)
        (expected.state, expected.latest) = (ShopperState(values: [1.5, -0.25]), EventTime(milliseconds: -5))
        expected.entries = [
            .init(item: ItemID("a"), action: .browse, gap: nil, vector: nil),
            .init(item: ItemID("c"), action: .cart, gap: nil, vector: nil),
            .init(item: ItemID("b"), action: .cart, gap: nil, vector: nil),
            .init(item: ItemID("d"), action: .cart, gap: nil, vector: nil),
            .init(item: ItemID("c"), action: .cartRemoval, gap: nil, vector: nil),
            .init(item: ItemID("b"), action: .purchase, gap: 60, vector: [2]),
        ]
        expected.eventIDs = [9]
        expected.cart = [ItemID("d")]
        for item in ["x", "b"] {
            expected.purchases.add(ItemID(item), at: EventTime(milliseconds: -5), limit: 256)
        }
        #expect(record == expected)
        #expect(record.bytes.first == 4, "and written as format 4")
        #expect(try ShopperRecord(bytes: record.bytes, shopper: "u:42") == record)
    }

    @Test("Of a long list of purchases the last 256 keep their names, and all are known")
    func manyPurchases() throws {
        let items = (0..<1_000).map { "p\($0)" }
        for format: UInt8 in 1...3 {
            let record = try ShopperRecord(
                bytes: Self.bytes(format, latest: nil, entries: false, purchased: items), shopper: "u:42")
            #expect(record.purchases.recent.map(\.item.rawValue) == items.suffix(256))
            #expect(record.purchases.recent.allSatisfy { $0.time == EventTime(milliseconds: 0) })
            #expect(items.allSatisfy { record.purchases.contains(ItemID($0)) })
            #expect(try ShopperRecord(bytes: record.bytes, shopper: "u:42") == record)
        }
    }

    @Test("Cut bytes are refused with a reason", arguments: 1...3 as ClosedRange<UInt8>)
    func corrupt(format: UInt8) throws {
        let bytes = Self.bytes(format, latest: -5, entries: true, purchased: ["x", "b"])
        for length in 0..<bytes.count {
            let error = #expect(throws: StreamError.self) {
                try ShopperRecord(bytes: Array(bytes[..<length]), shopper: "u:42")
            }
            #expect(error?.code == .corrupt)
        }
    }

    /// A record as that format wrote it.
    private static func bytes(_ format: UInt8, latest: Int64?, entries: Bool, purchased: [String]) -> [UInt8] {
        var writer = ByteWriter()
        writer.integer(format)
        writer.string("u:42")
        writer.string("abc")
        writer.varint(7)
        writer.varint(300)
        writer.count(2)
        if format < 3 { writer.floats([1.5, -0.2500001]) } else { writer.halves([1.5, -0.25]) }
        writer.integer(UInt8(latest == nil ? 0 : 1))
        if let latest { writer.signedVarint(latest) }
        if format > 1 { writer.integer(UInt8(0)) }
        writer.count(entries ? 6 : 0)
        if entries {
            for (action, item) in [(0, "a"), (1, "c"), (1, "b"), (1, "d"), (2, "c")] as [(UInt8, String)] {
                writer.integer(action)
                writer.string(item)
            }
            writer.integer(UInt8(3 | 1 << 4 | 1 << 5))
            writer.string("b")
            writer.signedVarint(60)
            writer.count(1)
            writer.floats([2])
        }
        writer.count(1)
        writer.integer(UInt64(9))
        writer.count(purchased.count)
        for item in purchased { writer.string(item) }
        return writer.bytes
    }
}
