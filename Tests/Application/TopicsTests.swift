import Application
import Commerce
import Foundation
import Kafka
import Testing

@Suite struct TopicsTests {
    /// The contract itself.
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "topics").path

    /// `breadcrumb topics …` on that cluster, the names of all topics beginning with `prefix`.
    private func topics(_ action: String, _ servers: String, prefix: String, _ more: [String] = []) throws -> (
        status: Int32, output: String, complaint: String
    ) {
        let names = [
            ("events", "events"), ("catalogue", "catalogue"), ("recommendations", "recommendations"),
            ("dead-letters", "events.dead-letter"),
        ].flatMap { ["--topics-\($0)", prefix + $1] }
        return try run(
            ["topics", action, "--folder", Self.folder, "--kafka-bootstrap-servers", servers] + names + more)
    }

    @Test func theContractIsListedUnderTheConfiguredNames() throws {
        let list = try topics("list", "k:1", prefix: "shop.", ["--partitions-override", "events=7"])
        #expect(list.status == 0, "\(list.complaint)")
        #expect(list.output.contains("shop.events: 7 partitions\n"))
        #expect(
            list.output.contains("shop.catalogue: 4 partitions\n") && list.output.contains("cleanup.policy=compact\n"))
    }

    @Test(arguments: [
        (["check", "--folder", "nowhere"], 1, "nowhere: cannot be read as a folder of topic files; --folder names it"),
        (["list", "--folder", folder, "--partitions-override", "event=3"], 1, "--partitions-override event: "),
        (
            ["list", "--folder", folder, "--partitions-override", "events=0"], 2,
            "events=0 is not of the form topic=count"
        ),
        (["prune"], 2, "apply|check|list: prune is not one of apply, check, list"),
    ]) func wrongUseIsToldInOneLine(arguments: [String], status: Int, complaint: String) throws {
        let run = try run(["topics"] + arguments + ["--kafka-bootstrap-servers", "k:1"])
        #expect(Int(run.status) == status && run.output.isEmpty)
        #expect(run.complaint.contains(complaint), "\(run.complaint)")
        #expect(run.complaint.filter { $0 == "\n" }.count == 1)
    }

    @Test func theEmbeddedClusterSaysThatItCannot() async throws {
        try await onThread {
            let cluster = try EmbeddedCluster()
            defer { cluster.close() }
            for action in ["apply", "check"] {
                let run = try topics(action, cluster.bootstrapServers, prefix: "")
                #expect(run.status == 1)
                #expect(run.complaint.contains("the embedded cluster has no topic administration"), "\(run.complaint)")
            }
        }
    }

    @Test(.enabled(if: apacheKafka != nil, needsApacheKafka)) func whatIsMissingIsCreatedOnce() async throws {
        try await onThread {
            let (servers, prefix) = (apacheKafka ?? "", "test-\(UUID().uuidString).")
            let missing = try topics("check", servers, prefix: prefix)
            #expect(missing.status == 1)
            #expect(missing.output.contains("\(prefix)events: missing; `breadcrumb topics apply` creates it\n"))
            let first = try topics("apply", servers, prefix: prefix)
            #expect(first.status == 0, "\(first.complaint)")
            #expect(first.output.contains("\(prefix)catalogue: created with 4 partitions\n"))
            let second = try topics("apply", servers, prefix: prefix)
            #expect(second.status == 0 && !second.output.contains("created"))
            #expect(second.output.split(separator: "\n").allSatisfy { $0.hasSuffix(": exists already") })
            let check = try topics("check", servers, prefix: prefix)
            #expect(check.status == 0 && check.output.hasPrefix("4 topics are as "), "\(check.output)")
        }
    }

    @Test(.enabled(if: apacheKafka != nil, needsApacheKafka)) func driftIsFoundAndLeftAlone() async throws {
        try await onThread {
            let (servers, prefix) = (apacheKafka ?? "", "test-\(UUID().uuidString).")
            let admin = try KafkaAdmin(KafkaConfiguration(bootstrapServers: servers, clientID: "test"))
            let definition = try TopicDefinition.load(file: Self.folder + "/events.json")
            let wanted = try #require(definition.settings["retention.ms"])
            let settings = definition.settings.merging(["retention.ms": "60000"]) { $1 }
            try admin.create(
                KafkaNewTopic(name: prefix + "events", partitions: 3, settings: settings), timeout: .seconds(20))
            let apply = try topics("apply", servers, prefix: prefix)
            #expect(apply.status == 0 && apply.output.contains("\(prefix)events: exists already\n"))
            let check = try topics("check", servers, prefix: prefix)
            #expect(check.status == 1)
            let lines = check.output.split(separator: "\n")
            #expect(lines.count == 2, "\(check.output)")
            #expect(lines.first?.hasPrefix("\(prefix)events: 3 partitions, events.json says 32;") == true)
            #expect(
                lines.last?.hasPrefix("\(prefix)events: retention.ms is 60000, events.json says \(wanted);") == true)
            #expect(
                try topics("check", servers, prefix: prefix, ["--partitions-override", "events=3"]).output
                    .split(separator: "\n").count == 1)
        }
    }
}
