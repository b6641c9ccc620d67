import Commerce
import Foundation
import Kafka
import Testing

extension Faults {
    /// Processes that end, die or freeze while events stream.
    @Suite struct CrashTests {
        /// Small batches, so that a signal meets some in every phase.
        private static let slow = ["workers.batch = 4", "lists.refresh = \"every-event\""]

        @Test func aKilledProcessLosesNothing() async throws {
            try await Deployment.with(CrashTests.slow) { shop in
                var process = try shop.start()
                defer { process.destroy() }
                let lists = try Lists(shop)
                var cuts = 0
                for _ in 0..<3 {
                    try shop.produceEvents(2_000)
                    let target = lists.count + Int.random(in: 1...600)
                    try #require(try lists.wait(for: target), "\(process.lines.suffix(5))")
                    process.send(SIGKILL)
                    #expect(process.wait() == .signal(SIGKILL))
                    if try shop.applied() != shop.ends() { cuts += 1 }
                    process = try shop.start()
                }
                #expect(cuts > 0, "every kill came after the last event: this run shows nothing")
                try shop.waitUntilApplied(process)
                process.send(SIGTERM)
                #expect(process.wait(15) == .exit(0))
                let pass = try MemoryPass(shop)
                try pass.compareStates(shop)
                #expect(try pass.compareLists(shop) == Set(pass.lists.keys))
            }
        }

        @Test func sigtermFinishesWhatIsInFlight() async throws {
            // Only a process that left the group lets another in before so long a session is over.
            let session = FaultsHere.apache == nil ? "6s" : "60s"
            try await Deployment.with(CrashTests.slow + ["kafka.session_timeout = \"\(session)\""]) { shop in
                let process = try shop.start()
                defer { process.destroy() }
                try shop.produceEvents(6_000)
                try #require(try Lists(shop).wait(for: 100), "\(process.lines.suffix(5))")
                process.send(SIGTERM)
                #expect(process.wait(15) == .exit(0), "\(process.lines.suffix(5))")
                #expect(process.log("stopped").count == 1)

                let applied = try shop.applied()
                #expect(applied != (try shop.ends()), "it ended after the last event: this run shows nothing")
                let pass = try MemoryPass(shop)
                let due = pass.lists.values.filter { list in
                    let source = list.list.lineage.source
                    return source.offset < applied[Int(source.partition)]
                }
                let published = try CrashTests.published(shop)
                #expect(published == Set(due.map(\.listID)), "what is listed is not what is committed")
                let client = try KafkaClient(shop.kafka, group: shop.settings.kafka.group)
                let committed = try client.committed(
                    shop.settings.topics.events, (0..<4).map { KafkaPartition(rawValue: $0) }, timeout: .seconds(10))
                for (partition, next) in applied.enumerated() where next > 0 {
                    #expect(committed[KafkaPartition(rawValue: Int32(partition))]?.rawValue == next)
                }

                let second = try shop.start()
                defer { second.destroy() }
                #expect(second.says(20) { $0.contains { $0.contains("partitions assigned") } })
                try shop.waitUntilApplied(second)
                second.send(SIGTERM)
                #expect(second.wait(15) == .exit(0))
                try pass.compareStates(shop)
                #expect(try pass.compareLists(shop) == Set(pass.lists.keys))
            }
        }

        @Test func twoProcessesShareAndOneTakesOver() async throws {
            try await Deployment.with { shop in
                let first = try shop.start()
                defer { first.destroy() }
                try #require(first.polls { first.log("partitions assigned").last?["partitions"] == "0,1,2,3" })
                let second = try shop.start()
                defer { second.destroy() }
                func parts(_ process: ChildProcess) -> Set<Substring> {
                    Set(process.log("partitions assigned").last?["partitions"]?.split(separator: ",") ?? [])
                }
                let share: () -> Bool = {
                    parts(first).count == 2 && parts(second).count == 2 && parts(first).isDisjoint(with: parts(second))
                }
                try #require(second.polls(40, share), "\(parts(first)) \(parts(second))")
                try shop.produceEvents(1_000)
                try shop.waitUntilApplied(second)
                let owners = Set(try shop.heads().compactMap { $0?.owner })
                #expect(owners.count == 2)

                first.destroy()
                try shop.produceEvents(1_000)
                try shop.waitUntilApplied(second)
                #expect(parts(second).count == 4)
                second.send(SIGTERM)
                #expect(second.wait(15) == .exit(0))
                let pass = try MemoryPass(shop)
                try pass.compareStates(shop)
                try pass.compareLists(shop)
            }
        }

        @Test(.enabled(if: FaultsHere.apache != nil, FaultsHere.needsApache)) func aFrozenProcessIsRefused()
            async throws
        {
            try await Deployment.with(CrashTests.slow) { shop in
                let frozen = try shop.start()
                defer { frozen.destroy() }
                try shop.produceEvents(4_000)
                try #require(try Lists(shop).wait(for: 100), "\(frozen.lines.suffix(5))")
                frozen.send(SIGSTOP)
                #expect(try shop.applied() != shop.ends(), "it froze after the last event: this run shows nothing")
                let epochs = try shop.heads().map { $0?.fence.epoch ?? 0 }
                let other = try shop.start()
                defer { other.destroy() }
                try shop.waitUntilApplied(other)
                for (before, head) in zip(epochs, try shop.heads()) { #expect((head?.fence.epoch ?? 0) > before) }

                let assigned = frozen.log("partitions assigned").count
                frozen.send(SIGCONT)
                try #require(
                    frozen.polls(40) { frozen.log("partitions assigned").count > assigned }, "\(frozen.lines.suffix(5))"
                )
                try shop.produceEvents(1_000)
                try shop.waitUntilApplied(frozen)
                for process in [frozen, other] {
                    process.send(SIGTERM)
                    #expect(process.wait(15) == .exit(0), "\(process.lines.suffix(5))")
                }
                let pass = try MemoryPass(shop)
                try pass.compareStates(shop)
                #expect(try pass.compareLists(shop) == Set(pass.lists.keys))
            }
        }

        /// The identities of everything published.
        private static func published(_ shop: Deployment) throws -> Set<String> {
            let decoder = ListDecoder()
            var found: Set<String> = []
            try KafkaReader(shop.kafka, topic: shop.settings.topics.recommendations).readToEnd { message in
                if let list = try? decoder.decode(message.value ?? []) { found.insert(list.listID) }
            }
            return found
        }
    }
}
