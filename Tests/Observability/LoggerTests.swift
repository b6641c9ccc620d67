import Foundation
import Glibc
import JSON
import Observability
import Testing

@Suite struct LoggerTests {
    /// What a logger on a pipe writes.
    private func output(_ format: Logger.Format, level: LogLevel = .debug, _ body: (Logger) -> Void) throws -> String {
        let pipe = Pipe()
        body(Logger(level: level, format: format, descriptor: pipe.fileHandleForWriting.fileDescriptor))
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    @Test func jsonLinesAreObjectsWithTheFieldsInOrder() throws {
        let text = try output(.json) { logger in
            logger.with("partition", 3).info(
                "claimed \"it\"\n", ["epoch": 7, "share": 0.5, "fresh": true, "user": "ü\u{1}\\"])
        }
        #expect(text.hasSuffix("}\n") && text.filter { $0 == "\n" }.count == 1)
        let object = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["message"] as? String == "claimed \"it\"\n")
        #expect(object["level"] as? String == "info")
        #expect(object["partition"] as? Int == 3)
        #expect(object["epoch"] as? Int == 7)
        #expect(object["share"] as? Double == 0.5)
        #expect(object["fresh"] as? Bool == true)
        #expect(object["user"] as? String == "ü\u{1}\\")
        let time = try #require(object["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        let order = [
            "\"time\"", "\"level\"", "\"message\"", "\"partition\"", "\"epoch\"", "\"share\"", "\"fresh\"", "\"user\"",
        ]
        let places = try order.map { try #require(text.range(of: $0)).lowerBound }
        #expect(places == places.sorted())
    }

    @Test func aNameStandsOnceInALine() throws {
        let text = try output(.json) { $0.with("a", 1).with("time", "x").info("m", ["a": 2, "level": "y"]) }
        let object = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["a"] as? Int == 2)
        #expect(object["time_"] as? String == "x")
        #expect(object["level_"] as? String == "y")
        #expect(text.components(separatedBy: "\"a\"").count == 2)
    }

    @Test func numbersThatJSONLacksAreText() throws {
        let text = try output(.json) {
            $0.info("m", ["a": .number(.nan), "b": .number(-.infinity), "c": LogValue(UInt64.max)])
        }
        let object = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["a"] as? String == "nan")
        #expect(object["b"] as? String == "-inf")
        #expect(object["c"] as? String == "18446744073709551615")
    }

    @Test func humanLinesCannotBeForgedFromOutside() throws {
        let text = try output(.human) { logger in
            logger.warning("bad\nid", ["id": "a b\u{1B}[2J\u{9B}\"", "plain": "x-1", "empty": "", "n": 4])
        }
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(
            text.hasSuffix(
                #" warning bad\nid id="a b\u{1b}[2J\u{9b}\"" plain=x-1 empty="" n=4"# + "\n"))
    }

    @Test func linesBelowTheLevelAreNeitherWrittenNorEvaluated() throws {
        var evaluated = 0
        func message(_ text: String) -> String {
            evaluated += 1
            return text
        }
        let text = try output(.human, level: .warning) { logger in
            logger.debug(message("no"))
            logger.info(message("no"))
            logger.warning(message("yes"))
            logger.error(message("yes"))
        }
        #expect(evaluated == 2)
        #expect(text.components(separatedBy: "yes").count == 3 && !text.contains("no"))
    }

    @Test func theClockIsWrittenInUTC() {
        #expect(WallClock.format(timespec(tv_sec: 1_793_534_400, tv_nsec: 7_999_999)) == "2026-11-01T12:00:00.007Z")
        #expect(WallClock.format(timespec(tv_sec: 951_827_696, tv_nsec: 999_000_000)) == "2000-02-29T12:34:56.999Z")
    }

    @Test func threadsDoNotMixTheirLines() async throws {
        let pipe = Pipe()
        let logger = Logger(format: .json, descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let reader = Task.detached { try pipe.fileHandleForReading.readToEnd() ?? Data() }
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for line in 0..<250 { logger.info("line", ["task": LogValue(task), "line": LogValue(line)]) }
                }
            }
        }
        try pipe.fileHandleForWriting.close()
        let lines = String(decoding: try await reader.value, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 1000)
        for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
}
