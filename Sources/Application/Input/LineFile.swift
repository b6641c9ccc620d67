import Foundation

/// A new text file that is written line by line.
struct LineFile {
    private let handle: FileHandle

    /// Creates the file; what stood in it is gone.
    init(path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw Fault(description: "\(path): cannot be written: \(String(cString: strerror(errno)))") }
        self.handle = handle
    }

    /// Why it cannot be written.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    func write(_ line: String) throws {
        try handle.write(contentsOf: Data((line + "\n").utf8))
    }
}
