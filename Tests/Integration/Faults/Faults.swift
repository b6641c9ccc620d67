import Foundation
import Redis
import Testing

/// What this machine has for these tests.
enum FaultsHere {
    /// The bootstrap servers of an Apache Kafka to test on, if one is named; the embedded cluster is used elsewhere.
    static let apache = ProcessInfo.processInfo.environment["BREADCRUMB_KAFKA"]
    static let needsApache: Comment = "BREADCRUMB_KAFKA names no Apache Kafka; the embedded cluster cannot show this"

    /// The built program: in the test bundle's folder or one of those around it.
    static let binary: String? = {
        // hiredis writes with write(2): a server that went away must be an error, not the end of the test run.
        signal(SIGPIPE, SIG_IGN)
        let places = [URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path] + CommandLine.arguments
        for place in places where place.hasPrefix("/") {
            var folder = URL(fileURLWithPath: place).deletingLastPathComponent()
            while folder.path != "/" {
                let candidate = folder.appendingPathComponent("breadcrumb").path
                var isFolder: ObjCBool = false
                if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue,
                    FileManager.default.isExecutableFile(atPath: candidate)
                {
                    return candidate
                }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }()

    /// Where a program is, by `PATH`.
    static func find(_ program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map {
            "\($0)/\(program)"
        }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// Tests of `breadcrumb run` as a process of its own: killed, frozen, ended, fed with bad input, without its servers.
@Suite(
    .enabled(
        if: FaultsHere.binary != nil, "the program `breadcrumb` is not beside the tests: build it with `swift build`"),
    .enabled(if: RedisServer.executable != nil, "redis-server is not on the PATH (Debian: redis-server)"))
enum Faults {}
