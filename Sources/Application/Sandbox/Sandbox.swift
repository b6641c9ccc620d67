import Configuration
import Foundation
import Kafka
import Observability
import Redis
import Streaming
import Synchronization
import TwoTower

/// A shop's whole surroundings for a while: a Redis of its own, a Kafka (the embedded cluster unless another is named), and
/// a running service. The demo and the benchmark run on it.
package final class Sandbox {
    package let settings: Settings
    package let registry = MetricRegistry()
    package let kafka: KafkaConfiguration
    package let redis: RedisServer
    private let cluster: EmbeddedCluster?
    private let shutdown = Shutdown()
    private let outcome = Mutex<Result<Void, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)
    package private(set) var service: ShopperService?

    /// Starts Redis on a private socket and the embedded cluster, or finds the one named, with topics for the contract.
    ///
    /// - Parameters:
    ///   - servers: `host:port` of a Kafka that is there already; its topics, group and state get names of their own.
    ///   - flags: of `breadcrumb run`, beside those that say where everything is.
    package init(kafka servers: String? = nil, partitions: Int, flags: [String]) throws {
        redis = try RedisServer()
        cluster = servers == nil ? try EmbeddedCluster() : nil
        let name = "breadcrumb-\(UUID().uuidString.prefix(8).lowercased())"
        let prefix = servers == nil ? "" : name + "."
        var arguments = ArgumentReader(
            [
                "--kafka-bootstrap-servers", servers ?? cluster?.bootstrapServers ?? "", "--kafka-start", "earliest",
                "--kafka-session-timeout", "6s", "--kafka-group", name, "--redis-url", redis.address.description,
                "--http-port", "0", "--topics-events", prefix + "events", "--topics-catalogue", prefix + "catalogue",
                "--topics-recommendations", prefix + "recommendations", "--topics-dead-letters",
                prefix + "events.dead-letter",
            ] + flags)
        var settings = arguments.settings().settings
        try arguments.finish()
        if cluster != nil {
            // The mock broker answers a fetch that finds nothing only when its wait is over, whatever arrives meanwhile.
            settings.kafka.consumerProperties["fetch.wait.max.ms"] = Secret("10")
        }
        self.settings = settings
        kafka = settings.kafka.configuration(log: nil)
        let topics = settings.topics
        let admin = cluster == nil ? try KafkaAdmin(kafka) : nil
        for topic in [topics.events, topics.catalogue, topics.recommendations, topics.deadLetters] {
            try cluster?.createTopic(topic, partitions: partitions)
            try admin?.create(
                KafkaNewTopic(name: topic, partitions: partitions, settings: ["retention.ms": "3600000"]),
                timeout: .seconds(20))
        }
    }

    /// Runs the service on a thread of its own, by the very path of `breadcrumb run`.
    ///
    /// - Parameter clock: what the durations of its stages are measured by, in nanoseconds.
    package func start(_ model: Model, clock: @escaping @Sendable () -> Int64 = StreamMetrics.upTime) {
        let service = ShopperService(
            settings: settings, model: model, log: Logger(level: settings.log.level, format: settings.log.format),
            registry: registry, streamMetrics: StreamMetrics(registry, clock: clock))
        self.service = service
        let (shutdown, ended) = (shutdown, ended)
        let handed = Handed(service: service, sandbox: self)
        let thread = Thread {
            let result = Result { try handed.service.run(until: shutdown) }
            handed.sandbox.outcome.withLock { $0 = result.mapError { $0 } }
            ended.signal()
        }
        thread.name = "service"
        thread.start()
    }

    /// What the service's thread gets.
    // Unchecked: the service runs on that thread alone, and of the sandbox it touches only `outcome`.
    private struct Handed: @unchecked Sendable {
        let service: ShopperService
        let sandbox: Sandbox
    }

    /// What the service's audit found of its searches; 0 before the first one.
    package var auditedRecall: Double { IndexWatch.recall(registry).value }

    /// The service has ended by itself, which it should not.
    package var hasEnded: Bool { outcome.withLock { $0 != nil } }

    /// Stops the service as SIGTERM would and waits for its end.
    package func finish() throws {
        shutdown.request()
        ended.wait()
        try outcome.withLock { $0 }?.get()
    }

    /// Ends Redis and the embedded cluster; nothing of them is left. Topics on another Kafka stay, and empty within the hour.
    package func close() {
        redis.stop()
        cluster?.close()
    }
}
