import Glibc

/// Reads the lines of a plain or gzip file, one at a time, in bounded memory.
public final class LineReader {
    /// One line of the file.
    public struct Line: Sendable {
        /// 1 is first.
        public var number: Int
        /// The line without its end (`\n` or `\r\n`), or the beginning of one that is too long.
        public var bytes: [UInt8]
        /// Whether the line was longer than allowed; the rest of it is skipped.
        public var isCut: Bool
    }

    private let file: InputFile
    private let maximumLength: Int
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    /// The part of `buffer` that has not been given out.
    private var window = 0..<0
    private var number = 0

    /// Opens `path`; lines of more than `maximumLength` bytes are cut there and marked.
    public init(path: String, maximumLength: Int = 1 << 20) throws(FileFault) {
        file = try InputFile(path: path)
        self.maximumLength = maximumLength
    }

    /// The size of the file on the disk in bytes.
    public var size: Int { file.size }

    /// How much of the file on the disk has been taken in, in bytes.
    public var position: Int { file.position }

    /// The next line, or nil at the end. A last line without an end counts as one.
    public func next() throws(FileFault) -> Line? {
        var bytes: [UInt8] = []
        var isCut = false
        var isOpen = false
        while true {
            if window.isEmpty {
                let count = try file.read(into: &buffer)
                guard count > 0 else {
                    return isOpen ? line(bytes, isCut) : nil
                }
                window = 0..<count
            }
            isOpen = true
            let end = newline(in: window)
            let part = buffer[window.lowerBound..<(end ?? window.upperBound)]
            let room = maximumLength + 1 - bytes.count  // one more, for the "\r" that may go
            isCut = isCut || part.count > room
            bytes.append(contentsOf: part.prefix(room))
            window = min((end ?? window.upperBound) + 1, window.upperBound)..<window.upperBound
            if end != nil { return line(bytes, isCut) }
        }
    }

    private func line(_ bytes: [UInt8], _ isCut: Bool) -> Line {
        number += 1
        var bytes = bytes
        if !isCut, bytes.last == 0x0d { bytes.removeLast() }
        let isTooLong = bytes.count > maximumLength
        if isTooLong { bytes.removeLast(bytes.count - maximumLength) }
        return Line(number: number, bytes: bytes, isCut: isCut || isTooLong)
    }

    /// The index of the first newline in that part of the buffer.
    private func newline(in range: Range<Int>) -> Int? {
        buffer.withUnsafeBytes { bytes -> Int? in
            guard let start = bytes.baseAddress, let hit = memchr(start + range.lowerBound, 0x0a, range.count) else {
                return nil
            }
            return UnsafeRawPointer(hit) - start
        }
    }
}
