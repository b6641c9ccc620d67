import Foundation

/// A folder that the program fills, and whose older content it replaces: it may hold that or nothing.
struct OutputFolder {
    /// Why it cannot be filled.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    let url: URL

    /// Checks the folder before any work is done for it.
    ///
    /// - Parameters:
    ///   - option: what named it, for errors: `--model`.
    ///   - content: what it is to hold, for errors: `a checkpoint`.
    ///   - isContent: whether a file of that name is part of it.
    init(path: String, option: String, content: String, isContent: (String) -> Bool) throws(Fault) {
        url = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        if manager.fileExists(atPath: url.path, isDirectory: &isFolder) {
            guard isFolder.boolValue, let names = try? manager.contentsOfDirectory(atPath: url.path) else {
                throw Fault(description: "\(option) \(path): is not a folder that can be read; name another")
            }
            if let other = names.sorted().first(where: { !isContent($0) }) {
                throw Fault(
                    description: "\(option) \(path): holds \(other), which is no part of \(content), and the folder "
                        + "would be replaced; name an empty or a new one")
            }
        }
        var parent = url.deletingLastPathComponent()
        while !manager.fileExists(atPath: parent.path), parent.path != "/" { parent.deleteLastPathComponent() }
        guard manager.isWritableFile(atPath: parent.path) else {
            throw Fault(description: "\(option) \(path): \(parent.path) cannot be written to; name a folder elsewhere")
        }
    }

    /// Writes into the folder. Interrupts wait until that is done: a moment only, and nothing is left half written.
    func write<Failure: Error>(_ body: (URL) throws(Failure) -> Void) throws(Failure) {
        let signals = [SIGINT, SIGTERM, SIGHUP]
        let former = signals.map { signal($0, SIG_IGN) }
        defer { for (number, action) in zip(signals, former) { signal(number, action) } }
        try body(url)
    }
}
