import Foundation
import Redis
import Testing

@Suite(.enabled(if: Here.hasRedis, Here.reason))
struct RedisConnectionTests {
    @Test func bytesAndKindsOfReplySurvive() async throws {
        try await withServer { server in
            let connection = RedisConnection(server.address)
            let value: [UInt8] = [0, 255, 13, 10, 0]
            var set = RedisCommand("SET", "k")
            set.append(value)
            var empty = RedisCommand("SET", "empty")
            empty.append([])
            let replies = try connection.pipeline([
                set, empty, RedisCommand("GET", "k"), RedisCommand("GET", "empty"), RedisCommand("GET", "none"),
                RedisCommand("INCRBY", "n", String(Int64.max)), RedisCommand("MGET", "k", "none"),
                RedisCommand("LPUSH", "k", "x"),
            ])
            #expect(
                replies.dropLast() == [
                    .status("OK"), .status("OK"), .bytes(value), .bytes([]), .null, .integer(.max),
                    .array([.bytes(value), .null]),
                ])
            guard case .error(let error)? = replies.last else {
                return #expect(Bool(false), "LPUSH on a string went through")
            }
            #expect(error.code == .wrongType)
        }
    }

    @Test func aLargePipelineKeepsItsOrder() async throws {
        try await withServer { server in
            let connection = RedisConnection(server.address)
            let text = String(repeating: "x", count: 20_000)
            let replies = try connection.pipeline((0..<500).map { RedisCommand("ECHO", "\($0)" + text) })
            #expect(replies == (0..<500).map { .bytes(Array("\($0)\(text)".utf8)) })
        }
    }

    @Test func databasesAreApart() async throws {
        try await withServer { server in
            var third = server.address
            third.database = 3
            _ = try RedisConnection(third).send(RedisCommand("SET", "k", "three"))
            #expect(try RedisConnection(third).send(RedisCommand("GET", "k")) == .bytes(Array("three".utf8)))
            #expect(try RedisConnection(server.address).send(RedisCommand("GET", "k")) == .null)
            third.database = 99
            #expect(code { try RedisConnection(third).connect() } == .invalidAddress)
        }
    }

    @Test func passwordsAreCheckedAndNotRepeated() async throws {
        try await withServer(RedisServer.Options(settings: ["requirepass": "right"])) { server in
            var address = server.address
            #expect(code { try RedisConnection(address).connect() } == .authentication)
            address.password = "wrong-one"
            let error = #expect(throws: RedisError.self) { try RedisConnection(address).connect() }
            #expect(error?.code == .authentication)
            #expect(error?.message.contains("wrong-one") == false)
            #expect(error?.isRetriable == false)
            address.password = "right"
            try RedisConnection(address).connect()
            address.username = "default"
            try RedisConnection(address).connect()
        }
        try await withServer { server in
            var address = server.address
            address.password = "needless"
            #expect(code { try RedisConnection(address).connect() } == .authentication)
        }
    }

    @Test func aKilledServerIsUnavailableAndComesBack() async throws {
        try await withServer(RedisServer.Options(durable: true)) { server in
            let connection = RedisConnection(server.address)
            _ = try connection.send(RedisCommand("SET", "k", "kept"))
            let first = server.processIdentifier
            server.kill()
            #expect(server.processIdentifier == nil)
            for _ in 0..<3 {
                #expect(
                    code { _ = try connection.send(RedisCommand("GET", "k")) } == .unavailable)
            }
            try server.restart()
            #expect(server.processIdentifier != first)
            #expect(try connection.send(RedisCommand("GET", "k")) == .bytes(Array("kept".utf8)))
        }
    }

    @Test func aSilentServerIsUnavailableInTime() async throws {
        try await withServer { server in
            let connection = RedisConnection(server.address, timeouts: RedisTimeouts(reply: .milliseconds(50)))
            let error = #expect(throws: RedisError.self) { try connection.send(RedisCommand("BLPOP", "none", "0")) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("no answer within") == true)
            let again = try connection.send(RedisCommand("PING"))
            #expect(again == .status("PONG"))
        }
    }

    @Test func noServerIsOneClearLine() {
        let nowhere = RedisAddress(.unix(path: "/nonexistent/redis.sock"))
        let error = #expect(throws: RedisError.self) { try RedisConnection(nowhere).connect() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("unix:///nonexistent/redis.sock") == true)
        let long = RedisAddress(.unix(path: "/" + String(repeating: "a", count: 200)))
        #expect(code { try RedisConnection(long).connect() } == .invalidAddress)
        // Port 1 of loopback: nothing listens.
        let refused = RedisAddress(.tcp(host: "127.0.0.1", port: 1))
        #expect(code { try RedisConnection(refused).connect() } == .unavailable)
    }

    @Test func scriptsOutliveAFlushAndAReconnection() async throws {
        try await withServer { server in
            let connection = RedisConnection(server.address)
            let script = RedisScript("return {KEYS[1], ARGV[1]}")
            func run() throws -> RedisReply {
                try connection.run(script, keys: 1) { command in
                    command.append("k")
                    command.append([0, 1])
                }
            }
            let expected = RedisReply.array([.bytes(Array("k".utf8)), .bytes([0, 1])])
            #expect(try run() == expected)
            _ = try connection.send(RedisCommand("SCRIPT", "FLUSH"))
            #expect(try run() == expected)
            connection.disconnect()
            #expect(try run() == expected)
            server.kill()
            try server.restart()
            #expect(code { _ = try connection.send(RedisCommand("PING")) } == .unavailable)
            #expect(try run() == expected)
        }
    }

    @Test func errorsOfScriptsKeepTheirFirstWord() async throws {
        try await withServer { server in
            let connection = RedisConnection(server.address)
            func code(_ source: String) -> RedisError.Code? {
                RedisTests.code {
                    _ = try connection.run(RedisScript(source), keys: 0) { _ in }
                }
            }
            #expect(code("return {err = 'FORMAT 7'}") == .script("FORMAT"))
            #expect(code("redis.call('SET', 'a', 1) return redis.call('LPUSH', 'a', 1)") == .wrongType)
            #expect(code("this is not Lua") == .script("ERR"))
        }
    }
}
