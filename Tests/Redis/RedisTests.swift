import Foundation
import Redis
import Testing

/// Every test of this target that needs a server runs on one of its own; where redis-server is missing they are skipped.
enum Here {
    static let hasRedis: Bool = {
        // hiredis writes with write(2): a server that went away must be an error, not the end of the test run.
        signal(SIGPIPE, SIG_IGN)
        return RedisServer.executable != nil
    }()
    static let reason: Comment = "redis-server is not on the PATH (Debian: redis-server)"
}

@Suite(.enabled(if: Here.hasRedis, Here.reason))
struct ConnectionTests {
    @Test func bytesSurviveARoundTrip() throws {
        let server = try RedisServer()
        defer { server.stop() }
        let connection = RedisConnection(server.address)
        var set = RedisCommand("SET", "k")
        let value: [UInt8] = [0, 255, 13, 10, 0]
        set.append(value)
        #expect(try connection.send(set) == .status("OK"))
        #expect(try connection.send(RedisCommand("GET", "k")) == .bytes(value))
    }
}
