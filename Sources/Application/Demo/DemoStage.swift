import Configuration
import Foundation
import Kafka
import Observability
import Redis
import Streaming
import Synchronization
import TwoTower

/// A shop's whole surroundings for a while: a Redis of its own, the embedded Kafka cluster, and a running service.
final class DemoStage {
    private static let partitions = 64

    let settings: Settings
    let registry = MetricRegistry()
    let kafka: KafkaConfiguration
    private let redis: RedisServer
    private let cluster: EmbeddedCluster
    private let shutdown = Shutdown()
    private let outcome = Mutex<Result<Void, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)
    private(set) var service: ShopperService?

    /// Starts Redis on a private socket and the cluster with the contract's topics.
    init(log: String) throws {
        redis = try RedisServer()
        cluster = try EmbeddedCluster()
        var arguments = ArgumentReader([
            "--kafka-bootstrap-servers", cluster.bootstrapServers, "--kafka-start", "earliest", "--kafka-session-timeout", "6s",
            "--redis-url", redis.address.description, "--lists-refresh", "every-event", "--http-port", "0", "--log-level", log,
            "--workers-batch", "64",
        ])
        settings = arguments.settings().settings
        try arguments.finish()
        kafka = settings.kafka.configuration(log: nil)
        let topics = settings.topics
        for topic in [topics.events, topics.catalogue, topics.recommendations, topics.deadLetters] {
            try cluster.createTopic(topic, partitions: DemoStage.partitions)
        }
    }

    /// Runs the service on a thread of its own, by the very path of `breadcrumb run`.
    func start(_ model: Model) {
        let service = ShopperService(
            settings: settings, model: model, log: Logger(level: settings.log.level, format: settings.log.format),
            registry: registry)
        self.service = service
        let (shutdown, ended) = (shutdown, ended)
        let handed = Handed(service: service, stage: self)
        let thread = Thread {
            let result = Result { try handed.service.run(until: shutdown) }
            handed.stage.outcome.withLock { $0 = result.mapError { $0 } }
            ended.signal()
        }
        thread.name = "service"
        thread.start()
    }

    /// What the service's thread gets.
    private struct Handed: @unchecked Sendable {  // the service runs on that thread alone; of the stage only `outcome` is touched
        let service: ShopperService
        let stage: DemoStage
    }

    /// The service has ended by itself, which it should not.
    var hasEnded: Bool { outcome.withLock { $0 != nil } }

    /// Stops the service as SIGTERM would and waits for its end.
    func finish() throws {
        shutdown.request()
        ended.wait()
        try outcome.withLock { $0 }?.get()
    }

    /// Ends Redis and the cluster; nothing of them is left.
    func close() {
        redis.stop()
        cluster.close()
    }
}
