import Foundation
import Kafka
import Redis
import Testing

extension Faults {
    /// What is wrong at the start is said in one line; what is only away is waited for.
    @Suite struct StartUpTests {
        /// Runs a process that cannot start and gives its only line.
        private static func refusal(
            _ shop: Deployment, code: Int32 = 1, flags: String..., environment: [String: String] = [:]
        ) throws -> String {
            let process = try ChildProcess(
                try #require(FaultsHere.binary),
                ["run", "--config", shop.directory.appendingPathComponent("shop.toml").path, "--log-level", "error"]
                    + flags,
                environment: environment)
            defer { process.destroy() }
            #expect(process.wait() == .exit(code), "\(process.lines)")
            #expect(process.lines.count == 1, "\(process.lines)")
            return process.lines.first ?? ""
        }

        @Test func aMissingCheckpointNamesTheWayToMakeOne() async throws {
            try await Deployment.with { shop in
                let line = try StartUpTests.refusal(shop, flags: "--model-path", "/nowhere/model")
                #expect(line.contains("no checkpoint at /nowhere/model"))
                #expect(line.contains("breadcrumb train"))
            }
        }

        @Test func aBrokenCheckpointNamesFileTensorAndShapes() async throws {
            try await Deployment.with { shop in
                let folder = shop.directory.appendingPathComponent("model")
                let file = folder.appendingPathComponent("model.safetensors")
                let whole = try Data(contentsOf: file)
                try whole.dropLast(1_000).write(to: file)
                let truncated = try StartUpTests.refusal(shop)
                for part in [file.path, "tensor \"", "the file is truncated"] {
                    #expect(truncated.contains(part), "\(part) in \(truncated)")
                }

                // The same bytes under another shape: the sizes agree, the tensor does not.
                var text = whole
                let name = try #require(text.range(of: Data("\"items.embedding\"".utf8)))
                let place = try #require(text.range(of: Data("[32,16]".utf8), in: name.upperBound..<text.endIndex))
                text.replaceSubrange(place, with: Data("[16,32]".utf8))
                try text.write(to: file)
                let misshapen = try StartUpTests.refusal(shop)
                for part in [file.path, "\"items.embedding\"", "expected shape [32, 16]", "found [16, 32]"] {
                    #expect(misshapen.contains(part), "\(part) in \(misshapen)")
                }
            }
        }

        @Test(.enabled(if: FaultsHere.apache != nil, FaultsHere.needsApache)) func aMissingTopicNamesTheRemedy()
            async throws
        {
            try await Deployment.with(leavingOut: ["catalogue", "letters"]) { shop in
                let line = try StartUpTests.refusal(shop)
                #expect(line.contains(shop.settings.topics.catalogue))
                #expect(line.contains(shop.settings.topics.deadLetters))
                #expect(line.contains("breadcrumb topics apply"))
            }
        }

        @Test func aWrongPasswordIsNamedAndNotShown() async throws {
            try await Deployment.with(redis: .init(settings: ["requirepass": "right-one"])) { shop in
                let none = try StartUpTests.refusal(shop)
                #expect(none.contains("password"), "\(none)")
                let wrong = try StartUpTests.refusal(shop, environment: ["BREADCRUMB_REDIS_PASSWORD": "wrong-one"])
                #expect(wrong.contains("password was refused"), "\(wrong)")
                #expect(!wrong.contains("wrong-one"))
            }
        }

        @Test func aServerThatEvictsIsRefused() async throws {
            let settings = ["maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"]
            try await Deployment.with(redis: .init(settings: settings)) { shop in
                let line = try StartUpTests.refusal(shop)
                #expect(line.contains("allkeys-lru") && line.contains("noeviction"), "\(line)")
            }
        }

        @Test func everyMistakeIsShownAtOnceWithItsPlace() async throws {
            try await Deployment.with { shop in
                let file = shop.directory.appendingPathComponent("wrong.toml").path
                try "lists.sise = 3\nworkers.batch = 0\nredis.url = \"http://shop\"\n".write(
                    toFile: file, atomically: true, encoding: .utf8)
                let process = try ChildProcess(
                    try #require(FaultsHere.binary), ["run", "--config", file, "--http-port", "99999"])
                defer { process.destroy() }
                #expect(process.wait() == .exit(2))
                for part in [
                    "\(file):1:7: lists.sise", "\(file):2:17: workers.batch", "\(file):3:13: redis.url",
                    "kafka.bootstrap_servers",
                    "--http-port",
                ] { #expect(process.lines.filter { $0.contains(part) }.count == 1, "\(part) in \(process.lines)") }
                #expect(process.lines.count == 5, "\(process.lines)")
            }
        }

        @Test func aNewGroupMustSayWhereItBegins() async throws {
            try await Deployment.with(leavingOut: ["kafka.start"]) { shop in
                let line = try StartUpTests.refusal(shop)
                #expect(line.contains("kafka.start") && line.contains("earliest"), "\(line)")
            }
        }

        @Test func stateThatIsMissingIsNotStartedOver() async throws {
            try await Deployment.with { shop in
                try shop.produceEvents(100)
                let process = try shop.start()
                defer { process.destroy() }
                try shop.waitUntilApplied(process)
                process.send(SIGTERM)
                #expect(process.wait(15) == .exit(0))
                _ = try RedisConnection(shop.redis.address).send(RedisCommand("FLUSHALL"))
                let line = try StartUpTests.refusal(shop)
                for part in ["no state", shop.settings.kafka.group, "redis.namespace", "kafka.group"] {
                    #expect(line.contains(part), "\(part) in \(line)")
                }
            }
        }

        @Test func whatIsAwayIsWaitedFor() async throws {
            // The embedded cluster is the one that a test can cut off.
            try await Deployment.with(apache: nil) { shop in
                shop.redis.kill()
                try #require(shop.cluster).setReachable(false)
                let process = try shop.start()
                defer { process.destroy() }
                try #require(process.polls { process.log("waiting").count == 1 }, "\(process.lines)")
                #expect(process.log("waiting").first?["reason"]?.contains("Redis") == true)
                try shop.redis.restart()
                try #require(process.polls { process.log("waiting").count == 2 }, "\(process.lines)")
                #expect(process.log("waiting").last?["reason"]?.contains("Kafka") == true)
                try #require(shop.cluster).setReachable(true)
                #expect(process.says { $0.contains { $0.contains("partitions assigned") } }, "\(process.lines)")
                #expect(process.log("going on").count == 2)
                #expect(process.log("waiting").count == 2, "\(process.log("waiting"))")
                process.send(SIGTERM)
                #expect(process.wait(15) == .exit(0))
            }
        }

        @Test(arguments: [["--kafka-bootstrap-servers", "127.0.0.1:1"], ["--redis-url", "redis://127.0.0.1:1"]])
        func waitingEndsAtSigterm(_ flags: [String]) async throws {
            try await Deployment.with { shop in
                let process = try shop.start(flags[0], flags[1])
                defer { process.destroy() }
                try #require(process.polls { process.log("waiting").count == 1 }, "\(process.lines)")
                process.send(SIGTERM)
                #expect(process.wait(20) == .exit(0), "\(process.lines)")
                #expect(process.log("waiting").count == 1, "\(process.log("waiting"))")
            }
        }
    }
}
