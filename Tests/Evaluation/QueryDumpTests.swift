import Commerce
import Evaluation
import Foundation
import Testing

@Suite("Dumps of queries")
struct QueryDumpTests {
    private func lines(_ log: EvaluationLog, _ results: [QueryResult]) -> [[String]] {
        String(decoding: QueryDump(log).text(results), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .dropLast().map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    @Test("A line a query, which reads back to what was answered")
    func roundTrip() throws {
        let small = try SmallReports()
        let result = small.result("als") { $0 % 23 + 1 }
        let lines = lines(small.log, result.queries)
        #expect(lines[0] == ["user_id", "timestamp", "history_length", "target", "rank", "top"])
        #expect(lines.count == small.split.queries.count + 1)
        for (line, answer) in zip(lines.dropFirst(), result.queries) {
            #expect(line.count == 6)
            #expect(line[0] == small.log.users[Int(answer.query.user)].id)
            #expect(line[1] == "\(answer.query.time / 1000)" && line[2] == "\(answer.query.historyLength)")
            #expect(line[3] == small.log.items[Int(answer.query.target)].rawValue && line[4] == "\(answer.rank)")
            #expect(
                line[5].split(separator: ",").map(String.init) == answer.top.map { small.log.items[Int($0)].rawValue })
        }
    }

    @Test(
        "Identifiers stand as they are unless they would break a line, and percent-decoding gives each back",
        arguments: [
            ("B00004TMFE", "B00004TMFE"), ("süß 12\" x", "süß 12\" x"), ("100%", "100%"), ("a%zz", "a%zz"),
            ("a,b", "a%2Cb"), ("a\tb\nc\r", "a%09b%0Ac%0D"), ("\"a\"", "%22a\""), ("%41", "%2541"), ("%,", "%%2C"),
            ("%4", "%4"), ("%2,", "%2%2C"), ("\u{7f}", "%7F"), ("'; DROP", "'; DROP"),
        ])
    func identifiers(id: String, written: String) {
        let escaped = QueryDump.escaped(id)
        #expect(escaped == written)
        #expect(Self.unquoted(escaped) == id)
    }

    /// Percent-decoding as Python's `urllib.parse.unquote` does it: what is no `%` and two digits stays.
    private static func unquoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.allSatisfy(\.isHexDigit), digits.count == 2,
                let value = UInt8(digits, radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Fractions of a second are kept, and anonymous visitors beside known users are told apart")
    func users() throws {
        func log(_ shoppers: [Shopper]) throws -> EvaluationLog {
            var builder = EvaluationLogBuilder()
            for index in 0..<20 {
                builder.append(
                    Event(
                        action: .browse, shopper: shoppers[index % shoppers.count], item: ItemID("i\(index)"),
                        time: EventTime(milliseconds: 1_700_000_000_000 + Int64(index) * 250)))
            }
            return try builder.build()
        }
        func answers(_ log: EvaluationLog) throws -> [[String]] {
            let queries = try Split(log, .streaming, .test).queries
            return Array(lines(log, queries.map { QueryResult(query: $0, rank: 7, top: []) }).dropFirst())
        }
        let mixed = try answers(log([.known("7"), .anonymous("7")]))
        #expect(mixed.map { $0[0] } == ["7", "a:7"] && mixed.map { $0[1] } == ["1700000004.500", "1700000004.750"])
        #expect(mixed.allSatisfy { $0.count == 6 && $0[5].isEmpty })
        #expect(try answers(log([.anonymous("7")])).map { $0[0] } == ["7", "7"])
    }
}
