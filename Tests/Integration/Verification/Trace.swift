import Bytes
import Commerce
import Streaming

/// What a pass over a log left: every shopper's stored record, and every list's bytes by its identity, as digests.
struct Trace {
    var states: [StateKey: UInt64] = [:]
    var lists: [String: UInt64] = [:]
    /// The items listed at each record, first ten.
    var items: [Position: [ItemID]] = [:]
    var letters = 0

    struct Position: Hashable {
        var partition: Int32
        var offset: Int64
    }

    /// 64 bits of FNV-1a: enough to tell a changed byte.
    static func digest(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// Takes a list's bytes in; false where the same identity came with other bytes.
    mutating func take(_ value: [UInt8], with decoder: ListDecoder, keepingItems: Bool = false) throws -> Bool {
        let published = try decoder.decode(value)
        let digest = Trace.digest(value)
        defer { lists[published.listID] = digest }
        if keepingItems {
            let source = published.list.lineage.source
            items[Position(partition: source.partition, offset: source.offset)] = published.list.slots.map(\.item)
        }
        return lists[published.listID, default: digest] == digest
    }
}
