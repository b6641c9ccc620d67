import Foundation
import Testing

/// The program's build products stand beside the tests'.
let programPath = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
    path: "breadcrumb"
).path

/// Runs the program itself, as a shell would.
func run(_ arguments: [String], _ environment: [String: String] = [:], in folder: Scratch? = nil) throws -> (
    status: Int32, output: String, complaint: String
) {
    let (process, output, complaint) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: programPath)
    process.arguments = arguments
    process.environment = environment
    if let folder { process.currentDirectoryURL = folder.url }
    (process.standardOutput, process.standardError) = (output, complaint)
    try process.run()
    let printed = try output.fileHandleForReading.readToEnd() ?? Data()
    let complained = try complaint.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (
        process.terminationStatus, String(decoding: printed, as: UTF8.self),
        String(decoding: complained, as: UTF8.self)
    )
}

/// The bootstrap servers of an Apache Kafka to test on, if one is named.
let apacheKafka = ProcessInfo.processInfo.environment["BREADCRUMB_KAFKA"]

/// Why the tests of Apache Kafka are skipped.
let needsApacheKafka: Comment = "BREADCRUMB_KAFKA names no Apache Kafka; the embedded cluster cannot show this"

/// Runs a test that blocks on a thread of its own: the cooperative pool's few must not wait.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result(catching: body)) }.start()
    }
}

/// A folder for one test, removed with it.
final class Scratch: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "breadcrumb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a file and gives its path.
    @discardableResult func write(_ name: String, _ lines: [String]) throws -> String {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: url.appending(path: name))
        return path(name)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
    }

    /// What is in it, or in a folder inside it, hidden files too.
    func names(_ folder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: url.appending(path: folder).path).sorted()
    }
}
