import Foundation
import Redis
import Testing

@Suite(.enabled(if: Here.hasRedis, Here.reason))
struct RedisServerTests {
    @Test func itIsGoneWithItsDirectory() throws {
        let server = try RedisServer()
        let (process, directory) = (try #require(server.processIdentifier), server.directory.path)
        #expect(kill(process, 0) == 0)
        #expect(FileManager.default.fileExists(atPath: directory))
        server.stop()
        #expect(kill(process, 0) == -1)
        #expect(!FileManager.default.fileExists(atPath: directory))
        server.stop()
    }

    @Test func itIsGoneWhenLetGo() throws {
        var server: RedisServer? = try RedisServer()
        let process = try #require(server?.processIdentifier)
        server = nil
        #expect(kill(process, 0) == -1)
    }

    @Test func itKeepsNoTCPPort() async throws {
        try await withServer { server in
            let info = try RedisConnection(server.address).send(RedisCommand("INFO", "server")).optionalText()
            #expect(info?.contains("tcp_port:0\r\n") == true)
        }
    }

    @Test func aServerThatDoesNotStartSaysWhy() {
        let error = #expect(throws: RedisError.self) { try RedisServer(.init(settings: ["no-such-setting": "1"])) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("did not start") == true)
    }
}

@Suite struct RedisPatienceTests {
    @Test func itRepeatsWhatWaitingHelpsAndNothingElse() throws {
        let patience = RedisPatience(first: .microseconds(1), longest: .microseconds(8), total: .seconds(60))
        var calls = 0
        let value = try patience.attempt { () throws(RedisError) -> Int in
            calls += 1
            if calls < 5 { throw RedisError(.loading, "loading") }
            return calls
        }
        #expect(value == 5)
        calls = 0
        #expect(
            code {
                try patience.attempt { () throws(RedisError) in
                    calls += 1
                    throw RedisError(.authentication, "no")
                }
            } == .authentication)
        #expect(calls == 1)
    }

    @Test func stopEndsEveryWait() async throws {
        let patience = RedisPatience(first: .seconds(3_000), longest: .seconds(3_000), total: .seconds(10_000))
        let (entered, finished) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        for _ in 0..<3 {
            Thread.detachNewThread {
                _ = code {
                    try patience.attempt { () throws(RedisError) in
                        entered.signal()
                        throw RedisError(.unavailable, "away")
                    }
                }
                finished.signal()
            }
        }
        for _ in 0..<3 { entered.wait() }
        patience.stop()
        for _ in 0..<3 { #expect(finished.wait(timeout: .now() + .seconds(60)) == .success) }
    }
}
