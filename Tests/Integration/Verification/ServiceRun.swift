import Application
import Bytes
import Commerce
import Configuration
import Connectors
import Dispatch
import Foundation
import Kafka
import LinearAlgebra
import Observability
import Redis
import Streaming
import Synchronization
import Testing
import TwoTower

/// One way of taking the log through Kafka and Redis.
struct Way: Sendable, CustomStringConvertible {
    var batch = 256
    var threads = 2
    var cache = 10_000
    var level = InstructionSet.current
    /// After so many lists the process is ended by SIGKILL and started again; none: it runs through.
    var killedAtLists: [Int] = []

    var description: String {
        "batches of \(batch), \(threads) threads, a cache of \(cache), \(level), \(killedAtLists.count) kills"
    }
}

/// Runs the service over a topic that holds a whole log, until all of it is in the state and every list has been read.
struct ServiceRun {
    let broker: Broker
    let redis: RedisServer
    let topic: String
    let catalogueTopic: String

    /// The flags of a service that goes this way.
    func flags(_ way: Way, lists: String, letters: String, namespace: String) -> [String] {
        [
            "--kafka-bootstrap-servers", broker.servers, "--kafka-start", "earliest", "--kafka-session-timeout", "6s",
            "--kafka-group", namespace, "--redis-namespace", namespace, "--redis-url", redis.address.description,
            "--topics-events", topic, "--topics-catalogue", catalogueTopic, "--topics-recommendations", lists,
            "--topics-dead-letters", letters, "--http-port", "0", "--log-level", "warning", "--lists-size", "10",
            "--workers-batch", String(way.batch), "--workers-threads", String(way.threads),
            "--workers-cache-users", String(way.cache),
        ]
    }

    /// The settings that the flags make.
    static func settings(_ flags: [String]) throws -> Settings {
        var arguments = ArgumentReader(flags)
        let settings = arguments.settings().settings
        try arguments.finish()
        return settings
    }

    func run(_ way: Way, _ model: Model, checkpoint: URL, shoppers: some Collection<StateKey>) throws -> Trace {
        let namespace = "verify-\(UUID().uuidString.prefix(8))"
        let lists = try broker.createTopic("lists")
        let flags = flags(way, lists: lists, letters: try broker.createTopic("letters"), namespace: namespace)
        let service: any RunningService =
            way.killedAtLists.isEmpty
            ? ServiceInProcess(try Self.settings(flags), model, level: way.level)
            : try KilledProgram(flags + ["--model-path", checkpoint.path], atLists: way.killedAtLists)
        var trace = Trace()
        do {
            try follow(&trace, lists: lists, namespace: namespace, service)
        } catch {
            try? service.stop()
            throw error
        }
        try service.stop()
        try readRest(&trace, lists: lists)
        let reader = RedisStateReader(redis.address, namespace: try RedisNamespace(namespace))
        for shopper in shoppers {
            let key = Array(shopper.rawValue.utf8.dropFirst(2))
            let partition = PartitionIndex(Murmur2.partition(of: key, partitions: Int32(broker.partitions)))
            guard let stored = try reader.state(shopper, partition) else { continue }
            trace.states[shopper] = Trace.digest(stored.bytes)
        }
        return trace
    }

    /// Reads lists until the state of every partition has reached the log's end; a list comes before its commit.
    private func follow(_ trace: inout Trace, lists: String, namespace: String, _ service: any RunningService) throws {
        let heads = RedisStateReader(redis.address, namespace: try RedisNamespace(namespace))
        let decoder = ListDecoder()
        let reader = try KafkaReader(broker.configuration, topic: lists)
        let ends = try KafkaReader(broker.configuration, topic: topic).progress.targets
        var quiet = ContinuousClock.now + .seconds(120)
        var count = 0
        while service.isRunning {
            let messages = try reader.take(limit: 5_000, timeout: .milliseconds(200))
            for message in messages {
                #expect(try trace.take(message.value ?? [], with: decoder), "two lists of one identity differ")
            }
            count += messages.count
            try service.seen(lists: count)
            if !messages.isEmpty { quiet = .now + .seconds(120) }
            guard ContinuousClock.now < quiet else { throw StreamError(.unavailable, "no list came for two minutes") }
            guard messages.count < 5_000 else { continue }
            let found = try heads.heads(partitionCount: broker.partitions)
            let isDone = ends.allSatisfy { partition, end in
                (found[Int(partition.rawValue)]?.position?.next.rawValue ?? 0) >= end.rawValue
            }
            if isDone { return }
        }
    }

    /// Reads all lists from the beginning once more: every one must be there.
    private func readRest(_ trace: inout Trace, lists: String) throws {
        let decoder = ListDecoder()
        try KafkaReader(broker.configuration, topic: lists).readToEnd { message in
            do {
                #expect(try trace.take(message.value ?? [], with: decoder), "two lists of one identity differ")
            } catch {
                Issue.record("a list cannot be read: \(error)")
            }
        }
    }
}
