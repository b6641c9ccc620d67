import Commerce
import Connectors
import Foundation
import Redis
import Streaming
import Testing

/// What this machine has: tests of state in Redis run on a server of their own, and are skipped where none is
/// installed.
enum RedisHere {
    static let isInstalled: Bool = {
        // hiredis writes with write(2): a server that went away must be an error, not the end of the test run.
        signal(SIGPIPE, SIG_IGN)
        return RedisServer.executable != nil
    }()
    static let reason: Comment = "redis-server is not on the PATH (Debian: redis-server)"
}

/// A server, a namespace on it, and a connection to look behind the store's back.
struct Place {
    let server: RedisServer
    let namespace: RedisNamespace
    let raw: RedisConnection

    /// Runs `body` with a fresh server on a thread of its own: the cooperative pool must not block.
    static func with(
        _ options: RedisServer.Options = RedisServer.Options(), _ body: @escaping @Sendable (Place) throws -> Void
    ) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let server = try RedisServer(options)
                        defer { server.stop() }
                        let place = Place(
                            server: server, namespace: try RedisNamespace("shop:v1"),
                            raw: RedisConnection(server.address))
                        try body(place)
                    })
            }
        }
    }

    /// A store that gives up at once.
    func store(
        _ options: RedisStateOptions = RedisStateOptions(owner: "test"),
        patience: RedisPatience = RedisPatience(total: .zero)
    ) -> RedisStateStore {
        RedisStateStore(server.address, namespace: namespace, options: options, patience: patience)
    }

    /// Sends a command of words.
    @discardableResult
    func send(_ words: String...) throws -> RedisReply {
        var command = RedisCommand()
        for word in words { command.append(word) }
        return try raw.send(command)
    }

    /// Everything the server holds, by key, as DUMP writes it.
    func contents() throws -> [String: [UInt8]] {
        guard case .array(let keys) = try send("KEYS", "*") else { return [:] }
        var contents: [String: [UInt8]] = [:]
        for key in keys {
            let name = try #require(try key.optionalText())
            contents[name] = try send("DUMP", name).optionalBytes()
        }
        return contents
    }
}

/// A position whose last record is made up from its offset.
func position(_ next: Int64) -> Position {
    Position(
        next: Offset(next),
        last: AppliedRecord(timestamp: EventTime(milliseconds: next &* 1_000), crc: UInt32(truncatingIfNeeded: next)))
}

let partition = PartitionIndex(3)
let nonce = Nonce(rawValue: 0x0123)

/// The code of the `StreamError` that `body` throws, nil if it throws none.
func streamCode(of body: () throws -> Void) -> StreamError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? StreamError)?.code
    }
}
