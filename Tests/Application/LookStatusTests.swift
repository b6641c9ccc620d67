import Commerce
import Foundation
import Kafka
import Redis
import Testing

/// `breadcrumb status` on an embedded cluster and a Redis of its own.
@Suite(.enabled(if: LookShop.hasRedis, LookShop.reason)) struct LookStatusTests {
    private func event(_ partition: Int32) -> KafkaRecord {
        KafkaRecord(topic: "events", partition: KafkaPartition(rawValue: partition), key: [1], value: [2])
    }

    private func partitions(_ report: [String: Any], _ topic: String = "events") throws -> [[String: Any]] {
        try #require((report[topic] as? [String: Any])?["partitions"] as? [[String: Any]])
    }

    private func messages(_ report: [String: Any], _ severity: String) throws -> [String] {
        try #require(report["findings"] as? [[String: String]]).filter { $0["severity"] == severity }.compactMap {
            $0["message"]
        }
    }

    @Test func everyPartitionIsShownWithItsOwnerAndLag() async throws {
        try await onThread {
            let shop = try LookShop()
            try shop.produce([event(0), event(0), event(0), event(1), shop.describe("i1", "Lamp")])
            try shop.commit(0, next: 1)
            try shop.commit(0, next: 2, nonce: 0xcd)
            try shop.commit(1, next: 1)
            let shown = try run(["status", "--json"] + shop.flags)
            #expect(shown.status == 0 && shown.complaint.isEmpty)
            let report = try parsed(shown.output)
            let events = try #require(report["events"] as? [String: Any])
            #expect(events["group"] as? String == "breadcrumb" && events["partition_count"] as? Int == 3)
            #expect(events["lag"] as? Int == 1)
            let found = try partitions(report)
            #expect(found.map { $0["owner"] as? String } == ["host:42", "host:42", nil])
            #expect(found.map { $0["nonce"] as? String } == ["00000000000000cd", "00000000000000ab", nil])
            #expect(found.map { $0["epoch"] as? Int } == [2, 1, nil])
            #expect(found.map { $0["next_offset"] as? Int } == [2, 1, nil])
            #expect(found.map { $0["log_end_offset"] as? Int } == [3, 1, 0])
            #expect(found.map { $0["lag"] as? Int } == [1, 0, nil])
            #expect((found[0]["committed_at"] as? String)?.hasSuffix("Z") == true && found[2]["committed_at"] is NSNull)
            #expect((report["catalogue"] as? [String: Any])?["records"] as? Int == 1)
            let model = try #require(report["model"] as? [String: Any])
            #expect(model["version"] as? String == shop.modelVersion && model["dimension"] as? Int == 16)
            #expect((model["training"] as? [String: Any])?["recall_at_10"] as? Double == 0.125)
            #expect(try messages(report, "note") == ["no worker has claimed these partitions yet: 2"])
            #expect(report["ok"] as? Bool == true)

            let table = try run(["status"] + shop.flags)
            #expect(table.status == 0)
            #expect(
                table.output.contains(/\n +0  host:42  00000000000000cd +2 +2 +- +0 +3 +1  20\d\d-/), "\(table.output)")
            #expect(
                table.output.contains(
                    "Events: topic events, 3 partitions, group breadcrumb, Redis namespace look, lag 1\n"))
            #expect(
                table.output.contains(
                    "trained    on 1234 events of 56 shoppers, 3 epochs, recall@10 0.1250 in validation"))
            #expect(table.output.contains("\n- no worker has claimed these partitions yet: 2\n"))
        }
    }

    @Test func noStateIsNoMistake() async throws {
        try await onThread {
            let shop = try LookShop()
            let shown = try run(["status"] + shop.flags)
            #expect(shown.status == 0)
            #expect(
                shown.output.contains(
                    "- no state yet under look: no worker has claimed a partition; `breadcrumb run` does\n"))
            #expect(shown.output.contains("- catalogue: no records"))
        }
    }

    @Test func stateThatDoesNotFitTheTopicIsAProblem() async throws {
        try await onThread {
            let shop = try LookShop()
            try shop.produce([event(0)])
            try shop.commit(0, next: 5)
            try shop.cluster.createTopic("wider", partitions: 5)
            let ahead = try parsed(run(["status", "--json"] + shop.flags).output)
            #expect(ahead["ok"] as? Bool == false)
            #expect(
                try messages(ahead, "problem") == [
                    "events[0]: Redis is ahead of the log (5, which ends at 1): the topic was truncated or made anew"
                ])
            let wider = try run(["status", "--topics-events", "wider"] + shop.flags)
            #expect(wider.status == 1)
            #expect(wider.output.contains("! wider has 5 partitions, the state under look was made with 3: "))
            #expect(wider.output.contains("a new group and a new namespace"))
        }
    }

    @Test func aGroupThatCommittedWithoutStateIsAProblem() async throws {
        try await onThread {
            let shop = try LookShop(partitions: 1)
            try shop.produce([event(0), event(0)])
            try Committer.commit(shop.cluster.bootstrapServers, group: "breadcrumb", next: 2)
            let shown = try run(["status", "--json"] + shop.flags)
            #expect(shown.status == 1)
            let report = try parsed(shown.output)
            #expect(try partitions(report)[0]["committed_offset"] as? Int == 2)
            #expect(
                try messages(report, "problem").contains {
                    $0.hasPrefix("events[0]: no state, though group breadcrumb has committed offset 2")
                })
            try shop.commit(0, next: 1)
            let behind = try parsed(run(["status", "--json"] + shop.flags).output)
            #expect(
                try messages(behind, "problem").contains {
                    $0.hasPrefix("events[0]: Kafka's committed offset 2 is past Redis' 1")
                })
        }
    }

    @Test func whatIsAwayIsOneLineAndTheRestIsShown() async throws {
        try await onThread {
            let shop = try LookShop()
            try shop.commit(1, next: 4)
            try shop.commit(0, next: 4)
            try shop.cluster.setReachable(false)
            let shown = try run(
                ["status", "--json", "--timeout", "1s", "--model-path", "/nowhere"] + shop.flags.dropLast(2))
            #expect(shown.status == 1)
            let report = try parsed(shown.output)
            #expect(try partitions(report).map { $0["next_offset"] as? Int } == [4, 4, nil])
            let problems = try messages(report, "problem")
            #expect(
                problems.count == 2 && problems[0].hasPrefix("Kafka: ")
                    && problems[1].hasPrefix("model: /nowhere/model.json"), "\(problems)")

            try shop.cluster.setReachable(true)
            shop.redis.kill()
            let second = try parsed(run(["status", "--json"] + shop.flags).output)
            #expect(try partitions(second).map { $0["log_end_offset"] as? Int } == [0, 0, 0])
            let away = try messages(second, "problem")
            #expect(away.count == 1 && away[0].hasPrefix("Redis at unix://"), "\(away)")
            #expect(second["model"] as? [String: Any] != nil)
        }
    }

    @Test func aMissingTopicIsALine() async throws {
        try await onThread {
            let shop = try LookShop()
            try shop.cluster.fail(topic: "recommendations", with: .unknownTopic)
            let shown = try run(["status"] + shop.flags)
            #expect(shown.status == 1)
            #expect(shown.output.contains(/\n! .*topic recommendations.*`breadcrumb topics apply`/), "\(shown.output)")
        }
    }
}

/// Commits a position of `events` to Kafka as a member of a group.
private final class Committer: KafkaGroupHandler {
    private let arrival = DispatchSemaphore(value: 0)
    private let next: KafkaOffset

    private init(_ next: Int64) { self.next = KafkaOffset(rawValue: next) }

    static func commit(_ servers: String, group: String, next: Int64) throws {
        let configuration = KafkaConfiguration(
            bootstrapServers: servers, consumerProperties: ["heartbeat.interval.ms": "200"])
        let committer = Committer(next)
        let group = try KafkaConsumerGroup(
            configuration, group: group, topic: "events", sessionTimeout: .milliseconds(2500), handler: committer)
        try group.start()
        #expect(committer.arrival.wait(timeout: .now() + 20) == .success)
        group.close()
    }

    func assigned(_ partitions: [KafkaPartition]) -> [KafkaPartition: KafkaOffset] {
        Dictionary(uniqueKeysWithValues: partitions.map { ($0, next) })
    }
    func started(_ queues: [KafkaPartitionQueue]) {
        for queue in queues { queue.report(next: next) }
        arrival.signal()
    }
    func revoked(_ partitions: [KafkaPartition], isLost: Bool) {}
    func arrived(_ partition: KafkaPartition) {}
    func failed(_ error: KafkaError) {}
}
