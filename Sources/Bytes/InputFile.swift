import CZlib
import Glibc

/// Why a file could not be read.
public struct FileFault: Error, Equatable, Sendable, CustomStringConvertible {
    public var path: String
    /// How far the reading had come, in bytes of the file as it lies on the disk; nil where it did not begin.
    public var byte: Int?
    public var problem: String

    public init(path: String, byte: Int? = nil, problem: String) {
        self.path = path
        self.byte = byte
        self.problem = problem
    }

    public var description: String { byte.map { "\(path): near byte \($0): \(problem)" } ?? "\(path): \(problem)" }
}

/// A file read from start to end, unpacked on the way where it is gzip (known by its first two bytes, not by its name).
///
/// Several gzip members after one another are read as one, as gzip(1) does. A truncated or corrupt file is an error,
/// never a short file. Not for use by several threads.
public final class InputFile {
    public let path: String
    /// The size of the file on the disk in bytes: the whole of what `position` runs through.
    public let size: Int
    private let handle: gzFile

    /// Opens `path` for reading.
    public init(path: String) throws(FileFault) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileFault(path: path, problem: String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw FileFault(path: path, problem: "is a folder, not a file")
        }
        errno = 0
        guard let handle = gzopen(path, "rb") else {
            throw FileFault(path: path, problem: errno == 0 ? "no memory to read it" : String(cString: strerror(errno)))
        }
        gzbuffer(handle, 1 << 17)
        self.path = path
        self.size = Int(status.st_size)
        self.handle = handle
    }

    deinit { gzclose_r(handle) }

    /// How much of the file on the disk has been taken in, in bytes: for progress bars.
    public var position: Int { max(0, Int(gzoffset(handle))) }

    /// Fills the start of `buffer` with the next bytes of the content and returns how many; 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileFault) -> Int {
        let wanted = UInt32(clamping: min(buffer.count, 1 << 30))
        let count = gzread(handle, buffer.baseAddress, wanted)
        if count > 0 { return Int(count) }
        var code: Int32 = 0
        let message = gzerror(handle, &code).map { String(cString: $0) } ?? ""
        switch code {
        case Z_OK, Z_STREAM_END:
            return 0
        case Z_BUF_ERROR:
            throw FileFault(path: path, byte: position, problem: "the gzip data ends early: the file is truncated")
        case Z_ERRNO:
            throw FileFault(path: path, byte: position, problem: String(cString: strerror(errno)))
        default:
            throw FileFault(path: path, byte: position, problem: "the gzip data is corrupt (\(message))")
        }
    }

    /// The whole content, which must not exceed `limit` bytes.
    public static func contents(of path: String, limit: Int) throws(FileFault) -> [UInt8] {
        let file = try InputFile(path: path)
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try file.read(into: &chunk)
            if count == 0 { return content }
            guard content.count + count <= limit else {
                throw FileFault(
                    path: path, byte: file.position, problem: "is larger than the \(limit) bytes allowed here")
            }
            content.append(contentsOf: chunk[..<count])
        }
    }

    /// Fills the start of `buffer`, whose size stays as it is, with the next bytes of the content; 0 at the end.
    public func read(into buffer: inout [UInt8]) throws(FileFault) -> Int {
        var outcome: Result<Int, FileFault> = .success(0)
        buffer.withUnsafeMutableBytes { bytes in
            do throws(FileFault) { outcome = .success(try read(into: bytes)) } catch { outcome = .failure(error) }
        }
        return try outcome.get()
    }
}
