import Commerce
import Foundation

/// One method's answers as tab-separated text, so that anyone can recompute its figures from the events alone.
///
/// A line a query, in order of the log: the user, the time in Unix seconds, the number of the user's events before, the
/// item turned to, its rank (1 is first) and the first 20 items of the list, best first, between commas.
public struct QueryDump: Sendable {
    /// The first line.
    public static let header = "user_id\ttimestamp\thistory_length\ttarget\trank\ttop"

    private let log: EvaluationLog
    /// Anonymous visitors of a log that has known users too: an equal text would make one user of two.
    private let tagsAnonymous: Bool

    public init(_ log: EvaluationLog) {
        self.log = log
        tagsAnonymous = log.users.contains { if case .known = $0 { true } else { false } }
    }

    /// The whole file.
    public func text(_ results: [QueryResult]) -> Data {
        var bytes = Data()
        bytes.reserveCapacity(results.count * 200)
        bytes.append(contentsOf: (Self.header + "\n").utf8)
        for result in results { bytes.append(contentsOf: (line(result) + "\n").utf8) }
        return bytes
    }

    private func line(_ result: QueryResult) -> String {
        let query = result.query
        let top = result.top.map { Self.escaped(log.items[Int($0)].rawValue) }.joined(separator: ",")
        return [
            user(log.users[Int(query.user)]), Self.seconds(query.time), "\(query.historyLength)",
            Self.escaped(log.items[Int(query.target)].rawValue), "\(result.rank)", top,
        ].joined(separator: "\t")
    }

    private func user(_ shopper: Shopper) -> String {
        if case .anonymous = shopper, tagsAnonymous { return Self.escaped(shopper.tagged) }
        return Self.escaped(shopper.id)
    }

    /// `1440000000`, with thousandths only where there are some.
    private static func seconds(_ milliseconds: Int64) -> String {
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest != 0 else { return "\(whole)" }
        let sign = milliseconds < 0 && whole == 0 ? "-" : ""
        return sign + "\(whole)." + String(format: "%03d", abs(rest))
    }

    /// An identifier as it stands in a dump: almost always as it is.
    ///
    /// Control characters and commas, which would end a field or an item, and a quotation mark at the beginning, with which
    /// CSV begins a quoted field, become `%` and two hexadecimal digits; so does a `%` that two such digits follow.
    /// Percent-decoding (Python's `urllib.parse.unquote`, say) therefore gives every identifier back.
    package static func escaped(_ id: String) -> String {
        let bytes = Array(id.utf8)
        func isHex(_ index: Int) -> Bool {
            index < bytes.count
                && (bytes[index] | 0x20 >= 0x61 && bytes[index] | 0x20 <= 0x66 || 0x30...0x39 ~= bytes[index])
        }
        func mustGo(_ index: Int) -> Bool {
            switch bytes[index] {
            case 0..<0x20, 0x7f, UInt8(ascii: ","): true
            case UInt8(ascii: "\""): index == 0
            case UInt8(ascii: "%"): isHex(index + 1) && isHex(index + 2)
            default: false
            }
        }
        guard bytes.indices.contains(where: mustGo) else { return id }
        let digits = Array("0123456789ABCDEF".utf8)
        var escaped: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if mustGo(index) {
                escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
