import Application
import Commerce
import Connectors
import Kafka
import Observability
import Redis
import Streaming
import Testing

extension Faults {
    /// What one pass in memory over the same records leaves, and what a run is compared with.
    struct MemoryPass {
        /// By partition.
        var states: [[StateKey: [UInt8]]] = []
        /// A list at every event that was applied, by identity.
        var lists: [String: PublishedList] = [:]
        /// The lists' bytes, by identity.
        var bytes: [String: [UInt8]] = [:]
        /// The identity of each shopper's list at the last event.
        var newest: [String: String] = [:]

        init(_ deployment: Deployment) throws {
            let settings = deployment.settings
            let catalogue = try LiveCatalogue(model: deployment.model)
            let feed = CatalogueFeed(deployment.kafka, topic: settings.topics.catalogue, catalogue: catalogue) { _ in }
            _ = try feed.load()
            feed.stop()
            var shoppers = settings.shoppers
            shoppers.refresh = .everyEvent
            let metrics = ShopperMetrics(MetricRegistry(), clock: { EventTime(milliseconds: 0) })
            let digest = try settings.listDigest()
            var log: [KafkaPartition: [LogRecord]] = [:]
            let reader = try KafkaReader(deployment.kafka, topic: settings.topics.events)
            try reader.readToEnd { message in
                log[message.partition, default: []].append(
                    LogRecord(
                        partition: PartitionIndex(message.partition.rawValue), offset: Offset(message.offset.rawValue),
                        timestamp: EventTime(milliseconds: message.timestamp ?? -1), key: message.key,
                        value: message.value,
                        headers: message.headers.map { Header(name: $0.name, value: $0.value) }))
            }
            let store = MemoryStateStore()
            let decoder = ListDecoder()
            var order = ListOrder()
            for partition in reader.progress.positions.keys.sorted() {
                let stage = ShopperStage(
                    model: deployment.model, catalogue: catalogue, settings: shoppers, configuration: digest,
                    decoder: EventDecoder(
                        limits: .init(
                            payload: settings.events.maximumBytes.bytes,
                            futureSkew: Int64(settings.events.maximumSkew / .milliseconds(1)))),
                    letterLimit: 1 << 20, metrics: metrics)
                let index = PartitionIndex(partition.rawValue)
                let sink = MemorySink()
                let claim = try store.claim(index, nonce: Nonce(rawValue: 1), partitionCount: 1)
                let worker = PartitionWorker(
                    claim: claim, position: Position(next: Offset(0), last: nil), verifying: false,
                    source: MemorySource(log[partition] ?? [], from: Offset(0)), store: store, sink: sink, stage: stage,
                    lease: Lease(isFresh: { true }), limits: .init(batch: 512, batchesInFlight: 1, cachedStates: 100))
                var progress = worker.advance()
                while progress == .worked { progress = worker.advance() }
                try #require(progress == .idle)
                states.append(store.contents(of: index).values)
                for record in sink.records where record.destination == .lists {
                    let list = try decoder.decode(record.value ?? [])
                    lists[list.listID] = list
                    bytes[list.listID] = record.value ?? []
                    if order.judge(list) == .newer { newest[list.list.shopper.tagged] = list.listID }
                }
            }
        }

        /// Checks that Redis holds the states of this pass, no more and no less.
        func compareStates(_ deployment: Deployment) throws {
            let reader = RedisStateReader(
                deployment.redis.address, namespace: try RedisNamespace(deployment.settings.redis.namespace))
            for (partition, states) in states.enumerated() {
                for (key, bytes) in states {
                    let found = try reader.state(key, PartitionIndex(Int32(partition)))?.bytes
                    #expect(found == bytes, "the state of \(key) in partition \(partition) differs")
                }
            }
            let keys = try RedisConnection(deployment.redis.address).send(RedisCommand("DBSIZE")).integer()
            #expect(Int(keys) == states.reduce(0) { $0 + $1.count } + states.count)
            #expect(Set(states.flatMap(\.values)).count > 30, "the states do not differ between shoppers")
        }

        /// Checks what was published: every list is one of this pass, byte for byte, and each shopper's newest by the rule
        /// for consumers is this pass's.
        ///
        /// - Returns: the identities that were published.
        @discardableResult
        func compareLists(_ deployment: Deployment) throws -> Set<String> {
            let decoder = ListDecoder()
            var found: Set<String> = []
            var order = ListOrder()
            var latest: [String: String] = [:]
            var faults: [any Error] = []
            try KafkaReader(deployment.kafka, topic: deployment.settings.topics.recommendations).readToEnd { message in
                do {
                    let list = try decoder.decode(message.value ?? [])
                    #expect(message.value == bytes[list.listID], "list \(list.listID) differs from the pass in memory")
                    found.insert(list.listID)
                    if order.judge(list) == .newer { latest[list.list.shopper.tagged] = list.listID }
                } catch { faults.append(error) }
            }
            #expect(faults.isEmpty)
            #expect(latest == newest)
            return found
        }
    }

    /// Reads the lists as they come.
    final class Lists {
        private let reader: KafkaReader
        /// Lists read so far, repeats included.
        private(set) var count = 0

        init(_ deployment: Deployment) throws {
            reader = try KafkaReader(deployment.kafka, topic: deployment.settings.topics.recommendations)
        }

        /// True as soon as `number` lists have been read; false after `seconds`.
        func wait(for number: Int, _ seconds: Int = 40) throws -> Bool {
            let limit = ContinuousClock.now + .seconds(seconds)
            while count < number, ContinuousClock.now < limit {
                count += try reader.take(limit: 50, timeout: .milliseconds(200)).count
            }
            return count >= number
        }
    }
}
