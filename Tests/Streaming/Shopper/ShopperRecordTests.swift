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
        record.state = [1.5, -0.25, .leastNonzeroMagnitude, 0]
        record.latest = EventTime(milliseconds: -5)
        record.entries = [
            .init(item: ItemID("a"), action: .browse, gap: nil, vector: nil),
            .init(item: ItemID("ü🙂"), action: .purchase, gap: 0, vector: [1, 2]),
            .init(item: ItemID("c"), action: .cartRemoval, gap: 1 << 40, vector: nil),
        ]
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
        #expect(throws: StreamError.self) { try ShopperRecord(bytes: [2] + bytes.dropFirst(), shopper: "u:42") }
    }
}
