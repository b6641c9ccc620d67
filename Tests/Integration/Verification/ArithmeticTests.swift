import Application
import Commerce
import Foundation
import Kafka
import LinearAlgebra
import Redis
import Streaming
import Testing
import TwoTower

/// The same log, model and configuration give the same states and the same lists, bit for bit, however the work is cut.
@Suite("Whole logs of real shops", .serialized)
struct ArithmeticTests {
    @Test(
        "through Kafka and Redis in every way, as one pass in memory",
        .enabled(if: ShopLog.folder != nil, "BREADCRUMB_DATA names no folder of shop data"),
        .enabled(if: RedisServer.executable != nil, "redis-server is not installed"),
        arguments: ["retailrocket", "complete-journey"])
    func wholeLog(name: String) async throws {
        try await onThread { try Self.verify(name) }
    }

    private static func verify(_ name: String) throws {
        let log = try ShopLog(name, training: 25)
        let broker = try Broker()
        defer { broker.close() }
        defer { try? FileManager.default.removeItem(at: log.checkpoint) }
        let redis = try RedisServer()
        defer { redis.stop() }
        let topic = try broker.createTopic("events")
        let catalogueTopic = try broker.createTopic("catalogue")
        let events = try Importer(broker.configuration, topic: topic)
        try events.write(log.events)
        try events.finish()
        let items = try Importer(broker.configuration, topic: catalogueTopic)
        try items.write(log.catalogue)
        try items.finish()

        let service = ServiceRun(broker: broker, redis: redis, topic: topic, catalogueTopic: catalogueTopic)
        let settings = try ServiceRun.settings(
            service.flags(Way(), lists: "lists", letters: "letters", namespace: "reference"))
        let pass = try ReferencePass(broker.configuration, topic: topic)
        #expect(pass.records.values.reduce(0) { $0 + $1.count } == log.events.count, "the topic holds the whole log")
        let catalogue = try LiveCatalogue(
            model: log.model, recall: settings.retrieval.recall, listSize: settings.lists.size)
        try catalogue.fill(from: broker.configuration, topic: catalogueTopic)
        let reference = try pass.run(log.model, catalogue: catalogue, settings: settings)
        #expect(reference.letters == 0)
        #expect(reference.lists.count == log.events.count)
        try checkMeaning(log, pass, reference)

        for way in ways {
            let trace = try service.run(way, log.model, checkpoint: log.checkpoint, shoppers: reference.states.keys)
            #expect(trace.states == reference.states, "states differ: \(name), \(way)")
            #expect(!trace.lists.isEmpty)
            for (id, digest) in trace.lists {
                guard reference.lists[id] == digest else {
                    Issue.record("list \(id) is not that of the pass in memory: \(name), \(way)")
                    break
                }
            }
        }
    }

    /// Portable arithmetic emulates fused multiply-add where the processor's own is not used; large batches keep it bearable.
    private static var ways: [Way] {
        [
            Way(batch: 32, killedAtLists: [1_000, 3_000, 8_000]), Way(batch: 512, threads: 4),
            Way(batch: 64, threads: 2, cache: 10), Way(batch: 7, threads: 1), Way(batch: 1, threads: 4),
        ]
            + InstructionSet.available.filter { $0 != InstructionSet.current }.map {
                Way(batch: $0 == .portable ? 4_096 : 512, level: $0)
            }
    }

    /// States differ between shoppers and lists beat popularity's: otherwise equality would prove little.
    private static func checkMeaning(_ log: ShopLog, _ pass: ReferencePass, _ reference: Trace) throws {
        #expect(Set(reference.states.values).count == reference.states.count)
        var popularity: [ItemID: Int] = [:]
        for event in log.events[..<log.cut] { popularity[event.item, default: 0] += 1 }
        let popular = popularity.keys.sorted { (popularity[$1] ?? 0, $0) < (popularity[$0] ?? 0, $1) }
        let cut = log.events[log.cut].time
        let decoder = EventDecoder()
        var (queries, hits, popularHits) = (0, 0, 0)
        for (partition, records) in pass.records {
            var last: [Shopper: Int64] = [:]
            var seen: [Shopper: Set<ItemID>] = [:]
            var bought: [Shopper: Set<ItemID>] = [:]
            for record in records {
                guard
                    case .event(let event) = decoder.decode(
                        key: record.key, value: record.value, timestamp: record.timestamp)
                else { continue }
                if event.time >= cut, let before = last[event.shopper],
                    seen[event.shopper]?.contains(event.item) != true
                {
                    queries += 1
                    let list = reference.items[.init(partition: partition.rawValue, offset: before)] ?? []
                    if list.contains(event.item) { hits += 1 }
                    let owned = bought[event.shopper] ?? []
                    if popular.lazy.filter({ !owned.contains($0) }).prefix(10).contains(event.item) { popularHits += 1 }
                }
                last[event.shopper] = record.offset.rawValue
                seen[event.shopper, default: []].insert(event.item)
                if event.action == .purchase { bought[event.shopper, default: []].insert(event.item) }
            }
        }
        #expect(queries > 1_000)
        #expect(hits > popularHits, "\(hits) hits of \(queries), popularity \(popularHits)")
        print(
            "\(log.name): \(log.events.count) events; the next new item was among the ten listed \(hits) times of \(queries), popularity's \(popularHits)"
        )
    }
}

extension LiveCatalogue {
    /// Applies the whole of a catalogue topic, as a service does at its start.
    func fill(from configuration: KafkaConfiguration, topic: String) throws {
        let decoder = CatalogueDecoder()
        let reader = try KafkaReader(configuration, topic: topic)
        var changes: [Int32: [CatalogueChange]] = [:]
        try reader.readToEnd { message in
            changes[message.partition.rawValue, default: []].append(
                decoder.decode(key: message.key, value: message.value))
        }
        for (partition, position) in reader.progress.positions {
            apply(changes[partition.rawValue] ?? [], partition: partition.rawValue, next: position.rawValue)
        }
    }
}
