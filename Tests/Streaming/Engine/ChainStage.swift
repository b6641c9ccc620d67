import Commerce
import Streaming

/// A stage whose state is a chain of hashes, so that an event left out, applied twice or out of order shows at once. So are
/// its three shared records, each of the inputs that leave one rest; every fifth input only reads its own.
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
    private(set) var decoded = 0

    func decode(_ record: LogRecord) -> Intake<UInt8> {
        decoded += 1
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

    static func sharedKey(_ input: UInt8) -> StateKey { StateKey("shared\(input % 3)") }

    static func isShared(_ input: UInt8) -> Bool { input % 5 != 0 }

    func sharedKeys(of entries: [Entry<UInt8>], states: [Chain]) -> [StateKey] {
        Set(entries.map { ChainStage.sharedKey($0.input) }).sorted { $0.rawValue < $1.rawValue }
    }

    func restoreShared(_ bytes: [UInt8]?, key: StateKey) throws(StreamError) -> Chain { try restore(bytes, key: key) }

    func storeShared(_ shared: Chain) -> [UInt8] { store(shared) }

    /// One list a key and batch, at the key's last offset: its state and the shared record after that entry.
    func apply(
        _ entries: [Entry<UInt8>], to states: inout [Chain], sharing shared: inout SharedRecords<Chain>
    ) throws(StreamError) -> Outcome<Int> {
        var lists: [Int: OutputRecord] = [:]
        for entry in entries {
            states[entry.state].link(entry.offset, entry.input)
            guard let place = shared.keys.firstIndex(of: ChainStage.sharedKey(entry.input)) else {
                throw StreamError(.permanent, "a shared record was not loaded")
            }
            if ChainStage.isShared(entry.input) { shared.update(place) { $0.link(entry.offset, entry.input) } }
            lists[entry.state] = OutputRecord(
                destination: .lists, key: ChainStage.bytes(of: entry.offset),
                value: states[entry.state].bytes + shared[place].bytes)
        }
        return Outcome(records: lists.keys.sorted().compactMap { lists[$0] }, receipt: entries.count)
    }

    func committed(_ receipt: Int) { committedBatches += 1 }

    static func bytes(of offset: Offset) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: offset.rawValue >> (8 * Int64($0))) }
    }

    static func offset(of bytes: [UInt8]) -> Offset { Offset(bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }) }

    /// What one pass over `records` leaves.
    struct Pass {
        var values: [StateKey: [UInt8]] = [:]
        /// Each key's last list, and the offset that it was made at.
        var lists: [StateKey: (offset: Offset, bytes: [UInt8])] = [:]

        init(_ records: some Sequence<LogRecord>) {
            var chains: [StateKey: Chain] = [:]
            for record in records {
                guard let (name, input) = ChainStage.decode(record) else { continue }
                let (key, sharedKey) = (StateKey(name), ChainStage.sharedKey(input))
                chains[key, default: Chain()].link(record.offset, input)
                if ChainStage.isShared(input) { chains[sharedKey, default: Chain()].link(record.offset, input) }
                let bytes = (chains[key] ?? Chain()).bytes + (chains[sharedKey] ?? Chain()).bytes
                lists[key] = (record.offset, bytes)
            }
            values = chains.mapValues(\.bytes)
        }
    }
}
