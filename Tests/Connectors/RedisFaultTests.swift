import Commerce
import Connectors
import Foundation
import Redis
import Streaming
import Testing

/// State in Redis while Redis is not well.
@Suite(.enabled(if: RedisHere.isInstalled, RedisHere.reason))
struct RedisFaultTests {
    private static let writes = [StateWrite(key: "u:a", value: [1])]

    @Test func aKilledServerIsUnavailableAndNothingCommittedIsLost() async throws {
        try await Place.with(RedisServer.Options(durable: true)) { place in
            let store = place.store()
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            let commit = Commit(fence: fence, expected: nil, position: position(1), writes: Self.writes)
            #expect(try store.commit(commit) == .applied)
            place.server.kill()
            let next = Commit(fence: fence, expected: Offset(1), position: position(2), writes: Self.writes)
            #expect(streamCode { _ = try store.commit(next) } == .unavailable)
            #expect(streamCode { _ = try store.load(fence, expected: Offset(1), keys: ["u:a"]) } == .unavailable)
            #expect(streamCode { _ = try store.claim(partition, nonce: nonce, partitionCount: 8) } == .unavailable)
            try place.server.restart()
            #expect(try store.load(fence, expected: Offset(1), keys: ["u:a"]) == [[1]])
            #expect(try store.commit(next) == .applied)
        }
    }

    /// A server without a disk comes back empty: a commit on top of what it lost is refused.
    @Test func aServerThatForgotRefuses() async throws {
        try await Place.with { place in
            let store = place.store(patience: RedisPatience())
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            _ = try store.commit(Commit(fence: fence, expected: nil, position: position(1), writes: Self.writes))
            place.server.kill()
            try place.server.restart()
            let next = Commit(fence: fence, expected: Offset(1), position: position(2), writes: Self.writes)
            #expect(try store.commit(next) == .refused)
            #expect(try store.load(fence, expected: Offset(1), keys: ["u:a"]) == nil)
            #expect(try store.claim(partition, nonce: nonce, partitionCount: 8).position == nil)
        }
    }

    @Test func patienceOutlastsARestart() async throws {
        try await Place.with(RedisServer.Options(durable: true)) { place in
            let patience = RedisPatience(first: .milliseconds(1), longest: .milliseconds(10), total: .seconds(60))
            let store = place.store(patience: patience)
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            place.server.kill()
            let server = place.server
            Thread.detachNewThread {
                do { try server.restart() } catch { Issue.record(error) }
            }
            let commit = Commit(fence: fence, expected: nil, position: position(1), writes: Self.writes)
            #expect(try store.commit(commit) == .applied)
        }
    }

    @Test func aFlushedScriptCacheIsNotNoticed() async throws {
        try await Place.with { place in
            let store = place.store()
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            for next in Int64(1)...3 {
                try place.send("SCRIPT", "FLUSH")
                let expected = next == 1 ? nil : Offset(next - 1)
                let commit = Commit(fence: fence, expected: expected, position: position(next), writes: Self.writes)
                #expect(try store.commit(commit) == .applied)
            }
        }
    }

    /// Memory full, a server turned replica: refused in the server's words, nothing half written, fine again
    /// afterwards.
    @Test func aServerThatTakesNoWritesIsUnavailable() async throws {
        try await Place.with { place in
            let store = place.store()
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            let commit = Commit(fence: fence, expected: nil, position: position(1), writes: Self.writes)
            let before = try place.contents()
            for (setting, bad, good) in [
                (["CONFIG", "SET", "maxmemory"], ["1"], ["0"]), (["REPLICAOF"], ["127.0.0.1", "1"], ["NO", "ONE"]),
                (["CONFIG", "SET", "min-replicas-to-write"], ["1"], ["0"]),
            ] {
                func set(_ words: [String]) throws {
                    var command = RedisCommand()
                    for word in setting + words { command.append(word) }
                    _ = try place.raw.send(command)
                }
                try set(bad)
                #expect(streamCode { _ = try store.commit(commit) } == .unavailable)
                #expect(streamCode { _ = try store.claim(partition, nonce: nonce, partitionCount: 8) } == .unavailable)
                try set(good)
                #expect(try place.contents() == before)
            }
            #expect(try store.commit(commit) == .applied)
        }
    }

    /// Redis waits for replicas for half of the time that the reply may take: the other half is for a busy machine.
    @Test func missingReplicasAreNamed() async throws {
        try await Place.with { place in
            let options = RedisStateOptions(replicas: 1, timeouts: RedisTimeouts(reply: .seconds(2)))
            let store = place.store(options)
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            let commit = Commit(fence: fence, expected: nil, position: position(1), writes: Self.writes)
            let error = #expect(throws: StreamError.self) { try store.commit(commit) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("0 of 1 replicas") == true)
            #expect(try store.claim(partition, nonce: nonce, partitionCount: 8).position == position(1))
        }
    }

    /// The rights that the documentation of `RedisStateStore` lists are enough, and without them nothing is half done.
    @Test func theDocumentedRightsAreEnough() async throws {
        try await Place.with { place in
            let rights = [
                "+hset", "+hmget", "+hincrby", "+set", "+mget", "+type", "+pttl", "+get", "+evalsha", "+script|load",
                "+time",
            ]
            func user(_ rights: [String]) throws {
                var command = RedisCommand("ACL", "SETUSER", "crumb", "reset", "on", ">secret", "~shop:v1:*")
                for right in rights + ["+multi", "+exec", "+info", "+ping", "+select", "+wait"] {
                    command.append(right)
                }
                _ = try place.raw.send(command)
            }
            try user(rights)
            var address = place.server.address
            (address.username, address.password) = ("crumb", "secret")
            let store = RedisStateStore(address, namespace: place.namespace)
            _ = try store.check()
            let fence = try store.claim(partition, nonce: nonce, partitionCount: 8).fence
            let commit = Commit(fence: fence, expected: nil, position: position(1), writes: Self.writes)
            #expect(try store.commit(commit) == .applied)
            #expect(try store.load(fence, expected: Offset(1), keys: ["u:a"]) == [[1]])
            let reader = RedisStateReader(address, namespace: place.namespace)
            #expect(try reader.state("u:a", partition)?.bytes == [1])

            try user(rights.filter { $0 != "+set" })
            let before = try place.contents()
            let next = Commit(fence: fence, expected: Offset(1), position: position(2), writes: Self.writes)
            #expect(streamCode { _ = try store.commit(next) } == .permanent)
            #expect(try place.contents() == before)
        }
    }

    @Test func aWrongPasswordIsPermanent() async throws {
        try await Place.with(RedisServer.Options(settings: ["requirepass": "right"])) { place in
            let store = place.store(patience: RedisPatience(total: .seconds(3_000)))
            #expect(streamCode { _ = try store.check() } == .permanent)
            #expect(streamCode { _ = try store.claim(partition, nonce: nonce, partitionCount: 8) } == .permanent)
        }
    }
}
