import Foundation
import Synchronization

/// A `redis-server` process of our own: on a socket in a private temporary directory, without a TCP port, gone with its
/// directory when it is stopped, let go, or this process ends in whatever way.
///
/// The demo, the benchmarks and the tests run on it. `kill` and `restart` are for tests of crashes.
public final class RedisServer: Sendable {
    /// How the server is set up.
    public struct Options: Sendable {
        /// Writes every change to an append-only file and syncs it before replying, so that a killed server loses
        /// nothing.
        public var durable: Bool
        /// Further settings of `redis.conf`, by name; they win over ours.
        public var settings: [String: String]
        /// How long the server may take to say that it is ready.
        public var patience: Duration

        public init(
            durable: Bool = false, settings: [String: String] = [:], patience: Duration = .seconds(20)
        ) {
            self.durable = durable
            self.settings = settings
            self.patience = patience
        }
    }

    /// The private directory: the socket and, if durable, the data.
    public let directory: URL
    private let executable: URL
    private let options: Options
    private let process: Mutex<ServerProcess?>

    /// Where `redis-server` is, by `PATH`; nil where it is not installed.
    public static var executable: URL? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").lazy
            .map { URL(fileURLWithPath: String($0)).appendingPathComponent("redis-server") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    /// The server's address.
    public var address: RedisAddress {
        RedisAddress(.unix(path: directory.appendingPathComponent("redis.sock").path))
    }

    /// The server's process, while it runs.
    public var processIdentifier: Int32? { process.withLock { $0?.identifier } }

    /// Starts a server and returns when it serves. A server that ends at once is an error with the last line it said.
    public init(_ options: Options = Options()) throws(RedisError) {
        guard let executable = Self.executable else {
            throw RedisError(
                .unavailable, "redis-server is not on the PATH: install Debian's redis-server")
        }
        self.executable = executable
        self.options = options
        directory = try Self.makeDirectory()
        process = Mutex(nil)
        try restart()
    }

    deinit { stop() }

    /// Starts the server again after `kill`, on the same directory and socket; returns when it serves.
    public func restart() throws(RedisError) {
        var settings = [
            "port": "0", "unixsocket": directory.appendingPathComponent("redis.sock").path,
            "unixsocketperm": "700",
            "dir": directory.path, "save": "", "appendonly": options.durable ? "yes" : "no",
            "appendfsync": "always",
            "daemonize": "no", "logfile": "", "maxmemory-policy": "noeviction",
        ]
        settings.merge(options.settings) { $1 }
        let arguments = settings.sorted { $0.key < $1.key }.flatMap { ["--" + $0.key, $0.value] }
        try process.withLock { running throws(RedisError) in
            running.take()?.end(with: SIGKILL)
            running = try ServerProcess.start(executable, arguments, in: directory, patience: options.patience)
        }
    }

    /// SIGKILL: the server is gone when this returns, and has had no time for last words.
    public func kill() {
        process.withLock { $0.take()?.end(with: SIGKILL) }
    }

    /// Ends the server and removes its directory. Calling it again does nothing.
    public func stop() {
        process.withLock { $0.take()?.end(with: SIGTERM) }
        try? FileManager.default.removeItem(at: directory)
    }

    /// A directory that only this user can enter, with a path short enough for a socket in it.
    private static func makeDirectory() throws(RedisError) -> URL {
        let parent = FileManager.default.temporaryDirectory
        var template = Array(parent.appendingPathComponent("breadcrumb-redis-XXXXXX").path.utf8CString)
        guard template.count + "/redis.sock".utf8.count <= RedisAddress.maximumPathLength else {
            throw RedisError(
                .invalidAddress,
                "\(parent.path) is too long for a socket's path: set TMPDIR to a shorter one")
        }
        let made = template.withUnsafeMutableBufferPointer {
            $0.baseAddress.map { mkdtemp($0) != nil } ?? false
        }
        guard made else {
            throw RedisError(
                .unavailable,
                "cannot make a directory in \(parent.path): \(String(cString: strerror(errno)))")
        }
        return URL(
            fileURLWithPath: String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
