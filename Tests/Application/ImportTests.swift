import Application
import Bytes
import Commerce
import Datasets
import Foundation
import Kafka
import Testing

@Suite struct ImportTests {
    private static let partitions = 5

    /// An embedded cluster with the contract's two topics.
    private func cluster() throws -> (EmbeddedCluster, KafkaConfiguration) {
        let cluster = try EmbeddedCluster()
        for topic in ["events", "catalogue"] { try cluster.createTopic(topic, partitions: Self.partitions) }
        return (cluster, KafkaConfiguration(bootstrapServers: cluster.bootstrapServers, clientID: "test"))
    }

    private func contents(_ configuration: KafkaConfiguration, _ topic: String) throws -> [KafkaMessage] {
        var found: [KafkaMessage] = []
        try KafkaReader(configuration, topic: topic).readToEnd { found.append($0) }
        return found
    }

    @Test func eventsArriveUnderTheContractsKeysAndPartitionsInTheirOrder() async throws {
        try await onThread {
            let (cluster, configuration) = try cluster()
            defer { cluster.close() }
            let folder = try Scratch()
            try ShopFiles.write(to: folder, badRows: ["v1,,view,1767225600,1", "v1,p1,hover,1767225600,1"])
            let began = Int64(Date().timeIntervalSince1970 * 1000)
            let imported = try run(
                ["import", "events", "events.csv", "--refused", "refused.txt"] + ShopFiles.eventOptions,
                ["BREADCRUMB_KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers], in: folder)
            #expect(imported.status == 0, "\(imported.complaint)")
            #expect(
                imported.output.hasPrefix(
                    "events.csv: 480 records written to events (5 partitions), every one confirmed, in "))
            #expect(imported.output.hasSuffix("; 2 rows refused\n"))
            #expect(imported.complaint.contains("  line 482: missing_field: item_id is missing: \"v1,,view,"))
            let refused = try folder.read("refused.txt").split(separator: "\n")
            #expect(refused.count == 2 && refused[1].hasPrefix("events.csv: line 483: unknown_type: type \"hover\""))
            #expect(imported.complaint.contains("480 confirmed"))

            let decoder = EventDecoder()
            var items: [String: [String]] = [:]
            for message in try contents(configuration, "events") {
                let key = try #require(message.key)
                #expect(message.partition.rawValue == Murmur2.partition(of: key, partitions: Int32(Self.partitions)))
                #expect(try #require(message.timestamp) >= began)  // the wall clock's, not the event's
                let event = try decoder.decode(try #require(message.value), latest: .latest)
                #expect(event.key == key && event.price != nil)
                items[event.shopper.id, default: []].append(
                    "\(event.item.rawValue) \(event.action.name) \(event.time.rawValue)")
            }
            var expected: [String: [String]] = [:]
            let names = ["view": "browse", "addtocart": "cart", "transaction": "purchase"]
            for row in ShopFiles.events.map({ $0.split(separator: ",").map(String.init) }) {
                expected[row[0], default: []].append("\(row[1]) \(names[row[2]] ?? "") \(row[3])000")
            }
            #expect(items == expected)
        }
    }

    @Test func aCatalogueArrivesFromALineOn() async throws {
        try await onThread {
            let (cluster, configuration) = try cluster()
            defer { cluster.close() }
            let folder = try Scratch()
            try ShopFiles.write(to: folder)
            let job = ImportJob(
                table: InputTable(
                    path: folder.path("products.csv"),
                    options: try ShopFiles.options(["item_id=sku", "title=name", "category=department"])),
                topic: "catalogue", fromLine: 5)
            let outcome = try job.run(DatasetReader.catalogue, to: configuration)
            #expect(outcome.written == 9 && outcome.skipped == 3 && outcome.partitions == 5)
            let found = try contents(configuration, "catalogue")
            let items = try found.map { try CatalogueDecoder().decode(try #require($0.value)) }
            #expect(Set(items.map(\.item.rawValue)) == Set((3..<12).map { "p\($0)" }))
            #expect(
                items.allSatisfy { $0.title == "Teapot, No. \($0.item.rawValue.dropFirst())" && $0.category.count == 2 }
            )
            #expect(zip(found, items).allSatisfy { $0.key == $1.key })
        }
    }

    @Test func aFailedDeliveryNamesTheLinesAndHowToGoOn() async throws {
        try await onThread {
            let (cluster, configuration) = try cluster()
            defer { cluster.close() }
            let folder = try Scratch()
            try ShopFiles.write(to: folder)
            try cluster.fail(.produce, with: Array(repeating: .topicAuthorizationFailed, count: 20))
            let job = ImportJob(
                table: InputTable(
                    path: folder.path("events.csv"), options: try ShopFiles.options(ShopFiles.eventColumns)),
                topic: "events", limits: Importer.Limits(rate: 1000))
            let fault = #expect(throws: ImportJob.Fault.self) {
                _ = try job.run(DatasetReader.events, to: configuration)
            }
            let message = fault?.description ?? ""
            #expect(message.contains("events.csv: Kafka: delivering to events["), "\(message)")
            #expect(message.contains(/Of lines 2 to \d+ some may be missing in events, the 0 records before are there/))
            #expect(message.contains("go on with --from-line 2 ") && !message.contains("\n"))
        }
    }

    @Test func theRecordsOnTheirWayAreBounded() async throws {
        try await onThread {
            let (cluster, configuration) = try cluster()
            defer { cluster.close() }
            try cluster.setRoundTrip(.milliseconds(10), broker: 1)
            let importer = try Importer(configuration, topic: "catalogue", limits: Importer.Limits(inFlight: 5))
            for number in 1...60 {
                try importer.write(CatalogueItem(item: ItemID("i\(number)")))
                #expect(number - importer.confirmed <= 10)  // 5 on their way, 5 that are collected
            }
            try importer.finish()
            #expect(importer.confirmed == 60)
            #expect(try contents(configuration, "catalogue").count == 60)
        }
    }

    @Test func theRateIsNotExceeded() async throws {
        try await onThread {
            let (cluster, configuration) = try cluster()
            defer { cluster.close() }
            let importer = try Importer(configuration, topic: "catalogue", limits: Importer.Limits(rate: 100))
            let began = ContinuousClock.now
            try importer.write((0..<30).map { CatalogueItem(item: ItemID("i\($0)")) })
            try importer.finish()
            // Three parts of ten: the third may go when 20 records have had their time.
            #expect(began.duration(to: .now) >= .milliseconds(200))
        }
    }

    @Test func anUnreachableBrokerIsToldInOneLine() async throws {
        try await onThread {
            let error = #expect(throws: KafkaError.self) {
                _ = try Importer(
                    KafkaConfiguration(bootstrapServers: "127.0.0.1:1"), topic: "events", timeout: .milliseconds(500))
            }
            #expect(error?.code == .unreachable || error?.code == .timedOut)
            #expect(error?.message.contains("127.0.0.1:1") == true && error?.message.contains("\n") == false)
        }
    }

    @Test("A row may be as long as the decoder of its kind takes, whatever the other kind's limit is")
    func rowLimits() throws {
        let folder = try Scratch()
        let dry = ["--dry-run", "--kafka-bootstrap-servers", "127.0.0.1:1"]
        let text = String(repeating: "x", count: 1_000_000)
        try folder.write("items.jsonl", [#"{"item_id":"i","description":"\#(text)"}"#])
        let items = try run(["import", "catalogue", "items.jsonl", "--events-max-bytes", "1KiB"] + dry, in: folder)
        #expect(
            items.status == 0 && items.output.hasSuffix("1 records would be written to catalogue; 0 rows refused\n"))
        try folder.write("log.csv", ["user_id,item_id,type,timestamp,note", "u,i,browse,2026-01-01T00:00:00Z,\(text)"])
        let events = try run(["import", "events", "log.csv"] + dry, in: folder)
        #expect(events.status == 0 && events.output.hasSuffix("; 0 rows refused\n"), "\(events.complaint)")
        let short = try run(["import", "events", "log.csv", "--events-max-bytes", "64KiB"] + dry, in: folder)
        #expect(short.status == 1 && short.complaint.contains("more than the 65536 bytes allowed"))
    }

    @Test func aTimeBeyondTheSkewIsRefusedBeforeItBecomesADeadLetter() throws {
        let folder = try Scratch()
        try folder.write("log.csv", ["user_id,item_id,type,timestamp", "u,i,browse,2999-01-01T00:00:00Z"])
        let run = try run(
            ["import", "events", "log.csv", "--dry-run", "--kafka-bootstrap-servers", "127.0.0.1:1"], in: folder)
        #expect(run.status == 1)
        #expect(run.complaint.contains("log.csv: 1 row refused:\n  line 2: future_time: "), "\(run.complaint)")
    }
}
