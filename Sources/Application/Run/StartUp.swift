import Connectors
import Foundation
import Kafka
import Observability
import Redis
import Streaming

/// The checks before a service starts: what is away is waited for, what is wrong is said once and ends the process.
struct StartUp {
    let settings: Settings
    let log: Logger
    let readiness: Readiness
    let shutdown: Shutdown

    /// The connection to Kafka, with librdkafka's own lines in the log.
    var kafka: KafkaConfiguration {
        let log = log.with("from", "librdkafka")
        return settings.kafka.configuration(log: { level, facility, message in
            log.log(level <= .error ? .warning : .debug, message, ["facility": LogValue(facility)])
        })
    }

    /// Waits for Redis and checks that it is fit; false where the end was asked for meanwhile.
    func checkRedis() throws -> Bool {
        let store = try store(patience: .zero)
        guard let facts = try patiently({ () throws(StreamError) in try store.check() }) else { return false }
        readiness.set("redis", .ready)
        log.info("redis", ["version": LogValue(facts.version), "server": LogValue(settings.redis.url)])
        if !facts.isAppendOnly {
            log.warning(
                "redis keeps no append-only file: what it loses in a crash is read again from Kafka, if Kafka still has it"
            )
        }
        return true
    }

    /// Waits for Kafka and checks that every topic is there; the number of partitions of the events' topic, or nil where the
    /// end was asked for meanwhile.
    func checkTopics() throws -> Int? {
        let client = try KafkaClient(kafka)
        var partitions: [String: Int] = [:]
        var missing: [String] = []
        let topics = settings.topics
        for topic in [topics.events, topics.catalogue, topics.recommendations, topics.deadLetters] {
            do {
                let count = try patiently({ () throws(KafkaError) in
                    try client.partitionCount(of: topic, timeout: .seconds(10))
                })
                guard let count else { return nil }
                partitions[topic] = count
            } catch let error as KafkaError where error.code == .unknownTopic {
                missing.append(topic)
            }
        }
        guard missing.isEmpty else {
            throw StreamError(
                .permanent,
                "Kafka at \(settings.kafka.bootstrapServers) has no topic \(missing.joined(separator: ", ")): "
                    + "`breadcrumb topics apply` makes what is missing")
        }
        readiness.set("kafka", .ready)
        return partitions[topics.events]
    }

    /// A store of one thread, which tries again for `patience` before it reports a fault.
    func store(patience: Duration) throws -> RedisStateStore { try storeMaker(patience: patience)() }

    /// Makes such stores, one for each thread.
    func storeMaker(patience: Duration) throws -> @Sendable () -> RedisStateStore {
        let address = try settings.redis.address()
        let namespace = try RedisNamespace(settings.redis.namespace)
        let options = RedisStateOptions(
            timeToLive: settings.redis.idleExpiry, replicas: settings.redis.waitReplicas,
            owner: "\(ProcessInfo.processInfo.hostName):\(ProcessInfo.processInfo.processIdentifier)",
            timeouts: RedisTimeouts(connect: settings.redis.timeout, reply: settings.redis.timeout))
        return {
            RedisStateStore(address, namespace: namespace, options: options, patience: RedisPatience(total: patience))
        }
    }

    /// Repeats `body` while what it asks is away, with one line in the log; nil where the end was asked for meanwhile.
    func patiently<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws -> Value? {
        var said: String?
        let value = try shutdown.patiently(
            while: { error in
                if let error = error as? KafkaError { return error.isRetriable && error.code != .unknownTopic }
                return (error as? StreamError)?.code == .unavailable
            },
            waiting: { error in
                if said != "\(error)" { log.warning("waiting", ["reason": LogValue("\(error)")]) }
                said = "\(error)"
            }, body)
        if said != nil, value != nil { log.info("going on") }
        return value
    }
}
