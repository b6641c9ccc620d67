import Foundation
import Redis
import Testing

/// What this machine has: tests that need a server run on one of their own, and are skipped where none is installed.
enum Here {
    static let hasRedis: Bool = {
        // hiredis writes with write(2): a server that went away must be an error, not the end of the test run.
        signal(SIGPIPE, SIG_IGN)
        return RedisServer.executable != nil
    }()
    static let reason: Comment = "redis-server is not on the PATH (Debian: redis-server)"
}

/// Runs `body` with a fresh server, which is gone afterwards, on a thread of its own: the cooperative pool must not
/// block.
func withServer(
    _ options: RedisServer.Options = RedisServer.Options(), _ body: @escaping @Sendable (RedisServer) throws -> Void
) async throws {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(
                with: Result {
                    let server = try RedisServer(options)
                    defer { server.stop() }
                    try body(server)
                })
        }
    }
}

/// The code of the `RedisError` that `body` throws, nil if it throws none.
func code(of body: () throws -> Void) -> RedisError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? RedisError)?.code
    }
}
