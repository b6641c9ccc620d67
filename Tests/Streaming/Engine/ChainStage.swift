import Commerce
import Streaming

/// A stage whose state is a chain of hashes, so that an event left out, applied twice or out of order shows at once.
final class ChainStage: KeyedStage {
    struct Chain: Equatable {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325

        mutating func link(_ offset: Offset, _ input: UInt8) {
            for byte in [UInt64(bitPattern: offset.rawValue), UInt64(input)] {
                digest = (digest ^ byte) &* 0x0000_0100_0000_01b3
                digest ^= digest >> 29
            }
        }

        var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: digest >> (8 * UInt64($0))) } }

        init() {}

        init(bytes: [UInt8]) { digest = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    }

    static func decode(_ record: LogRecord) -> (key: String, input: UInt8)? {
        guard let key = record.key, let input = record.value?.first else { return nil }
        return (String(decoding: key, as: UTF8.self), input)
    }

    private(set) var committedBatches = 0

    func decode(_ record: LogRecord) -> Intake<UInt8> {
        guard let (key, input) = ChainStage.decode(record) else {
            return .refused(
                OutputRecord(destination: .deadLetters, key: record.key, value: ChainStage.bytes(of: record.offset)))
        }
        return .keyed(StateKey(key), input)
    }

    func restore(_ bytes: [UInt8]?, key: StateKey) throws(StreamError) -> Chain {
        bytes.map(Chain.init(bytes:)) ?? Chain()
    }

    func store(_ state: Chain) -> [UInt8] { state.bytes }

    /// One list a key and batch, at the key's last offset.
    func apply(_ entries: [Entry<UInt8>], to states: inout [Chain]) throws(StreamError) -> Outcome<Int> {
        var lists: [Int: OutputRecord] = [:]
        for entry in entries {
            states[entry.state].link(entry.offset, entry.input)
            lists[entry.state] = OutputRecord(
                destination: .lists, key: ChainStage.bytes(of: entry.offset), value: states[entry.state].bytes)
        }
        return Outcome(records: lists.keys.sorted().compactMap { lists[$0] }, receipt: entries.count)
    }

    func committed(_ receipt: Int) { committedBatches += 1 }

    static func bytes(of offset: Offset) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: offset.rawValue >> (8 * Int64($0))) }
    }

    static func offset(of bytes: [UInt8]) -> Offset { Offset(bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }) }
}
