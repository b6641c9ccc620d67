import Redis
import Testing

@Suite(.enabled(if: Here.hasRedis, Here.reason))
struct RedisFactsTests {
    @Test func aFitServerPasses() async throws {
        try await withServer(RedisServer.Options(durable: true, settings: ["maxmemory": "50mb"])) { server in
            let facts = try RedisConnection(server.address).check([RedisScript("return 1")])
            #expect(facts.maximumMemory == 50 << 20)
            #expect(facts.isAppendOnly)
            #expect(facts.usedMemory > 0)
        }
    }

    @Test func aServerThatEvictsIsRefused() async throws {
        let options = RedisServer.Options(settings: ["maxmemory": "50mb", "maxmemory-policy": "allkeys-lru"])
        try await withServer(options) { server in
            let error = #expect(throws: RedisError.self) { try RedisConnection(server.address).check([]) }
            #expect(error?.code == .unsuitable)
            #expect(error?.message.contains("noeviction") == true)
        }
    }

    @Test func aScriptThatDoesNotCompileIsNamedAtStart() async throws {
        try await withServer { server in
            #expect(throws: RedisError.self) { try RedisConnection(server.address).check([RedisScript("(")]) }
        }
    }

    @Test func aReplicaAndAClusterAreRefused() async throws {
        try await withServer(RedisServer.Options(settings: ["replicaof": "127.0.0.1 1"])) { server in
            let connection = RedisConnection(server.address)
            #expect(code { try connection.check([]) } == .readOnly)
            #expect(
                code { _ = try connection.send(RedisCommand("SET", "a", "b")) } == .readOnly)
        }
        let info =
            "redis_version:7.0.1\r\nused_memory:1\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\nrole:master\r\n"
            + "aof_enabled:0\r\n"
        func verdict(_ info: String) -> RedisError.Code? {
            code { try RedisFacts(info: info, place: "here").check(place: "here") }
        }
        #expect(verdict(info + "cluster_enabled:0\r\n") == nil)
        #expect(verdict(info + "cluster_enabled:1\r\n") == .cluster)
        #expect(verdict(info) == .unsuitable)
        #expect(
            verdict(info.replacing("7.0.1", with: "5.0.14") + "cluster_enabled:0\r\n") == .unsuitable)
        #expect(verdict(info.replacing("memory:1", with: "memory:?") + "cluster_enabled:0\r\n") == .unsuitable)
    }

    @Test func aFullServerRefusesWritesByCode() async throws {
        try await withServer(RedisServer.Options(settings: ["maxmemory": "1"])) { server in
            let error = #expect(throws: RedisError.self) {
                try RedisConnection(server.address).send(RedisCommand("SET", "a", "b"))
            }
            #expect(error?.code == .outOfMemory)
            #expect(error?.isRetriable == true)
        }
    }
}
