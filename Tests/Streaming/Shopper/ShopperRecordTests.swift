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
        record.purchased = [ItemID("ü🙂")]
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

    @Test("Records of formats 1 and 2 are read, their states rounded; format 1 knew neither sessions nor attributes")
    func oldFormats() throws {
        let expected = try Self.old(1)
        #expect(try Self.old(2) == expected)
        #expect(expected.bytes.first == 3, "and written as format 3")
        #expect(try ShopperRecord(bytes: expected.bytes, shopper: "u:42") == expected)
    }

    /// Reads a record as that format wrote it, and compares it with what it says.
    private static func old(_ format: UInt8) throws -> ShopperRecord {
        var writer = ByteWriter()
        writer.integer(format)
        writer.string("u:42")
        writer.string("abc")
        writer.varint(7)
        writer.varint(300)
        writer.count(2)
        writer.floats([1.5, -0.2500001])
        writer.integer(UInt8(1))
        writer.signedVarint(-5)
        if format == 2 { writer.integer(UInt8(0)) }
        writer.count(2)
        writer.integer(UInt8(0))
        writer.string("a")
        writer.integer(UInt8(3 | 1 << 4 | 1 << 5))
        writer.string("b")
        writer.signedVarint(60)
        writer.count(1)
        writer.floats([2])
        writer.count(1)
        writer.integer(UInt64(9))
        writer.count(1)
        writer.string("b")
        let record = try ShopperRecord(bytes: writer.bytes, shopper: "u:42")
        var expected = ShopperRecord(shopper: "u:42")
        (expected.model, expected.startedAt, expected.sequence) = ("abc", 7, 300)
        (expected.state, expected.latest) = (ShopperState(values: [1.5, -0.25]), EventTime(milliseconds: -5))
        expected.entries = [
            .init(item: ItemID("a"), action: .browse, gap: nil, vector: nil),
            .init(item: ItemID("b"), action: .purchase, gap: 60, vector: [2]),
        ]
        (expected.eventIDs, expected.purchased) = ([9], [ItemID("b")])
        #expect(record == expected)
        return record
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
        #expect(throws: StreamError.self) { try ShopperRecord(bytes: [4] + bytes.dropFirst(), shopper: "u:42") }
    }
}
