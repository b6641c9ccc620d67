import Application
import Commerce
import Configuration
import Connectors
import Foundation
import Kafka
import LinearAlgebra
import Redis
import Streaming
import Testing
import TwoTower

extension Faults {
    /// Everything that a service needs, for one test: topics of its own, a Redis, a checkpoint, a configuration file.
    final class Deployment {
        static let items = 32
        let redis: RedisServer
        let kafka: KafkaConfiguration
        let cluster: EmbeddedCluster?
        let directory: URL
        let settings: Settings
        let model: Model
        private let file: String
        private let producer: KafkaProducer
        private var random = Generator(state: 7)
        private var produced = 0

        /// - Parameters:
        ///   - apache: the embedded cluster is used where nil.
        ///   - configuration: further lines of the configuration file, each `key = value`.
        init(
            partitions: Int = 4, apache: String? = FaultsHere.apache, leavingOut omitted: Set<String> = [],
            redis options: RedisServer.Options = .init(), _ configuration: [String] = []
        ) throws {
            redis = try RedisServer(options)
            cluster = apache == nil ? try EmbeddedCluster() : nil
            let servers = apache ?? cluster?.bootstrapServers ?? ""
            let name = "faults-" + UUID().uuidString.prefix(8).lowercased()
            directory = FileManager.default.temporaryDirectory.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            file = directory.appendingPathComponent("shop.toml").path
            model = try Deployment.makeModel(directory.appendingPathComponent("model"))
            var lines = [
                "kafka.bootstrap_servers = \"\(servers)\"", "kafka.group = \"\(name)\"", "kafka.start = \"earliest\"",
                "kafka.session_timeout = \"6s\"", "redis.url = \"\(redis.address)\"", "http.port = 0",
                "log.format = \"json\"",
                "model.path = \"\(directory.path)/model\"", "workers.threads = 2",
            ]
            for (key, role) in [
                ("events", "events"), ("catalogue", "catalogue"), ("recommendations", "lists"),
                ("dead_letters", "letters"),
            ] { lines.append("topics.\(key) = \"\(name)-\(role)\"") }
            let given = Set(configuration.map(Deployment.key))
            lines = lines.filter { !given.contains(Deployment.key($0)) } + configuration
            lines.removeAll { omitted.contains(Deployment.key($0)) }
            try lines.joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
            var arguments = ArgumentReader(["--config", file])
            settings = arguments.settings().settings
            try arguments.finish()
            kafka = settings.kafka.configuration(log: nil)
            producer = try KafkaProducer(kafka)
            for (topic, count) in [
                (settings.topics.events, partitions), (settings.topics.catalogue, 1),
                (settings.topics.recommendations, partitions), (settings.topics.deadLetters, 1),
            ] where !omitted.contains(topic.components(separatedBy: "-").last ?? "") { try makeTopic(topic, count) }
        }

        private static func key(_ line: String) -> String { String(line.prefix { $0 != " " }) }

        /// Ends Redis and Kafka and removes the files.
        func close() {
            producer.close(timeout: .seconds(1))
            redis.stop()
            cluster?.close()
            try? FileManager.default.removeItem(at: directory)
        }

        /// Starts `breadcrumb run` on the configuration.
        func start(_ flags: String..., environment: [String: String] = [:]) throws -> ChildProcess {
            try ChildProcess(
                try #require(FaultsHere.binary), ["run", "--config", file] + flags, environment: environment)
        }

        /// Runs `body` with a new deployment on a thread of its own.
        static func with(
            partitions: Int = 4, apache: String? = FaultsHere.apache, leavingOut omitted: Set<String> = [],
            redis: RedisServer.Options = .init(), _ configuration: [String] = [],
            _ body: @escaping @Sendable (Deployment) throws -> Void
        ) async throws {
            try await onThread {
                let deployment = try Deployment(
                    partitions: partitions, apache: apache, leavingOut: omitted, redis: redis, configuration)
                defer { deployment.close() }
                try body(deployment)
            }
        }

        private func makeTopic(_ topic: String, _ partitions: Int) throws {
            if let cluster { return try cluster.createTopic(topic, partitions: partitions) }
            let admin = try KafkaAdmin(kafka)
            try admin.create(
                KafkaNewTopic(
                    name: topic, partitions: partitions, settings: ["max.message.bytes": "4194304"]),
                timeout: .seconds(20))
        }

        // MARK: Events

        /// Produces records and waits until all are delivered.
        func produce(_ records: [KafkaRecord]) throws {
            let delivery = try producer.produce(records)
            try #require(producer.flush(timeout: .seconds(20)))
            try #require(delivery.state == .delivered)
        }

        /// Produces `count` random events of 40 shoppers, some of unknown items and some sent twice.
        func produceEvents(_ count: Int) throws {
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            try produce(
                (0..<count).map { _ in
                    produced += 1
                    let number = Int.random(in: 0..<40, using: &random)
                    let id = Int.random(in: 0..<20, using: &random) == 0 ? max(0, produced - 40) : produced
                    let event = Event(
                        eventID: "e\(id)", action: Action.allCases[Int.random(in: 0..<4, using: &random)],
                        shopper: number % 8 == 0 ? .anonymous("u\(number / 2)") : .known("u\(number)"),
                        anonymousID: nil,
                        item: ItemID("i\(Int.random(in: 0..<Deployment.items + 8, using: &random))"),
                        time: EventTime(milliseconds: now - 100_000 + Int64(produced)), sessionID: nil, quantity: nil,
                        price: nil, currency: nil)
                    return KafkaRecord(topic: settings.topics.events, key: event.key, value: try event.encoded())
                })
        }

        // MARK: State

        /// The heads that Redis has, by partition.
        func heads() throws -> [RedisHead?] {
            let reader = RedisStateReader(redis.address, namespace: try RedisNamespace(settings.redis.namespace))
            return try reader.heads()
        }

        /// The next offset of each partition by the state; 0 where nothing was committed.
        func applied() throws -> [Int64] { try heads().map { $0?.position?.next.rawValue ?? 0 } }

        /// The end of each partition of the events.
        func ends() throws -> [Int64] {
            let client = try KafkaClient(kafka)
            let count = try client.partitionCount(of: settings.topics.events, timeout: .seconds(10))
            return try (0..<Int32(count)).map {
                try client.watermarks(of: settings.topics.events, KafkaPartition(rawValue: $0), timeout: .seconds(10))
                    .high.rawValue
            }
        }

        /// Waits until every event is in the state.
        func waitUntilApplied(_ process: ChildProcess, _ seconds: Double = 60) throws {
            let ends = try ends()
            let isApplied = try process.polls(seconds) { try self.applied() == ends }
            let applied = try self.applied()
            try #require(
                isApplied,
                "applied \(applied) of \(ends); the log says \(process.lines.suffix(12).joined(separator: "\n"))")
        }

        /// A small random model, saved as a checkpoint.
        private static func makeModel(_ folder: URL) throws -> Model {
            var random = Generator(state: 3)
            let layout = TowerLayout(TowerShape(items: items, tokens: 2, dimension: 16, blocks: 1, hidden: 32))
            let parameters = FloatBuffer(count: layout.count)
            for index in 0..<layout.count { parameters.pointer[index] = Float.random(in: -0.3...0.3, using: &random) }
            let vectors = FloatBuffer(count: items * 16)
            for row in 0..<items {
                for column in 0..<16 { vectors.pointer[row * 16 + column] = Float.random(in: -1...1, using: &random) }
                _ = ItemTower.normalise(vectors.pointer + row * 16, dimension: 16)
            }
            let checkpoint = try Checkpoint(
                layout: layout, parameters: parameters, itemVectors: vectors, items: (0..<items).map { "i\($0)" },
                vocabulary: FeatureVocabulary(tokens: ["w:red", "w:blue"]),
                facts: TrainingFacts(
                    seed: 3, dataDigest: "none", events: 0, shoppers: 0, epochs: 0, recallAt10: nil, settings: [:]))
            try checkpoint.save(to: folder)
            return checkpoint.model
        }
    }

    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
