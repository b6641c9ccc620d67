import Bytes
import Foundation
import Testing

@Suite struct LineReaderTests {
    @Test func plainLinesWithTheirNumbers() throws {
        try withFile(Array("one\r\ntwo\n\nfour".utf8)) { path in
            try #expect(lines(path).map { "\($0.number):\(text($0))" } == ["1:one", "2:two", "3:", "4:four"])
        }
        try withFile([]) { try #expect(lines($0).isEmpty) }
    }

    /// Lines are longer than the reader's buffer and lie across its ends.
    @Test func longLinesAreWhole() throws {
        let long = String(repeating: "x", count: 200_000)
        try withFile(Array("a\n\(long)\nb\n".utf8)) { path in
            try #expect(lines(path).map { $0.bytes.count } == [1, 200_000, 1])
        }
    }

    @Test func tooLongLinesAreCutAndMarked() throws {
        try withFile(Array("12345\r\n123456\n\(String(repeating: "y", count: 100_000))\nok\n".utf8)) { path in
            let found = try lines(path, maximumLength: 5)
            #expect(found.map(\.isCut) == [false, true, true, false])
            #expect(found.map(text) == ["12345", "12345", "yyyyy", "ok"])
            #expect(found.map(\.number) == [1, 2, 3, 4])
        }
    }

    @Test func gzipIsKnownByItsMagic() throws {
        let content = (0..<20_000).map { "line \($0)\n" }.joined()
        try withGzip(content) { bytes in
            try withFile(bytes) { try #expect(lines($0).count == 20_000) }
            // Two members after one another are one file.
            try withFile(bytes + bytes) { try #expect(lines($0).count == 40_000) }
        }
    }

    @Test func truncatedGzipIsAnErrorWithFileAndByte() throws {
        try withGzip((0..<20_000).map { "line \($0)\n" }.joined()) { bytes in
            for length in [11, bytes.count / 2, bytes.count - 9, bytes.count - 1] {
                try withFile(Array(bytes.prefix(length))) { path in
                    let fault = try #require(throws: FileFault.self) { _ = try lines(path) }
                    #expect(fault.path == path && fault.byte != nil && fault.problem.contains("truncated"))
                }
            }
        }
    }

    @Test func corruptGzipIsAnErrorWithFileAndByte() throws {
        try withGzip((0..<20_000).map { "line \($0 &* 7919)\n" }.joined()) { bytes in
            for index in [bytes.count / 2, bytes.count - 6] {  // in the data, in the checksum
                var broken = bytes
                broken[index] ^= 0xff
                try withFile(broken) { path in
                    let fault = try #require(throws: FileFault.self) { _ = try lines(path) }
                    #expect(fault.path == path && fault.byte != nil && fault.problem.contains("corrupt"))
                }
            }
        }
    }

    @Test func missingFilesAndFoldersAreErrors() {
        let missing = #expect(throws: FileFault.self) { _ = try LineReader(path: "/nowhere/at/all") }
        #expect(missing?.description == "/nowhere/at/all: No such file or directory")
        #expect(throws: FileFault.self) { _ = try LineReader(path: "/") }
    }

    @Test func contentsAreBounded() throws {
        try withFile(Array("12345".utf8)) { path in
            try #expect(InputFile.contents(of: path, limit: 5) == Array("12345".utf8))
            #expect(throws: FileFault.self) { _ = try InputFile.contents(of: path, limit: 4) }
        }
    }

    @Test func positionReachesTheSize() throws {
        try withFile(Array("one\ntwo\n".utf8)) { path in
            let reader = try LineReader(path: path)
            while try reader.next() != nil {}
            #expect(reader.position == 8 && reader.size == 8)
        }
    }

    private func lines(_ path: String, maximumLength: Int = 1 << 20) throws -> [LineReader.Line] {
        let reader = try LineReader(path: path, maximumLength: maximumLength)
        var found: [LineReader.Line] = []
        while let line = try reader.next() { found.append(line) }
        return found
    }

    private func text(_ line: LineReader.Line) -> String { String(decoding: line.bytes, as: UTF8.self) }

    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("breadcrumb-" + UUID().uuidString)
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }

    /// Packs a text with gzip(1), an implementation that is not the one under test.
    private func withGzip(_ text: String, _ body: ([UInt8]) throws -> Void) throws {
        try withFile(Array(text.utf8)) { path in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/gzip")
            process.arguments = ["-c", path]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let packed = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            try body(Array(packed))
        }
    }
}
