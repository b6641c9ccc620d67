import Evaluation
import Foundation
import Streaming

/// Everything the stream's benchmark found out, with all that is needed to repeat it.
struct StreamReport: Codable {
    struct Settings: Codable {
        var broker: String
        var events: Int
        var items: Int
        var shoppers: Int
        /// `even` or `zipf`.
        var activity: String
        /// Whose towers.
        var model: String
        var recall: Double
        var listSize: Int
        var batch: Int
        var refresh: String
        var threads: Int
        var partitions: Int
        var payloadBytes = SyntheticShop.payloadBytes
        var dimension = SyntheticShop.shape.dimension
        var blocks = SyntheticShop.shape.blocks
        var hidden = SyntheticShop.shape.hidden
    }

    /// Processor time of a part, summed over threads: what a thread waits for is not in it.
    struct StageCost: Codable {
        var stage: String
        var microsecondsPerEvent: Double
        var calls: Int
    }

    /// Microseconds of processor time per event.
    struct Processor: Codable {
        /// The process without the embedded broker.
        var worker: Double
        /// Of it, the threads of librdkafka's clients, from the service's start.
        var kafkaClients: Double
        var redis: Double
        /// Nil where the broker is not on this machine.
        var broker: Double?
    }

    /// A backlog worked off as fast as it goes.
    struct Saturated: Codable {
        var events: Int
        var lists: Int
        var seconds: Double
        var meanBatch: Double
        var stages: [StageCost]
        var processor: Processor?

        var eventsPerSecond: Double { Double(events) / seconds }
        var listsPerSecond: Double { Double(lists) / seconds }
    }

    /// A steady stream; times are from an event's timestamp to the commit after its list was delivered, to the millisecond.
    struct Paced: Codable {
        var rate: Int
        var lists: Int
        var medianMilliseconds: Double
        var p99Milliseconds: Double
    }

    var date: String
    var command: String
    var machine: Machine
    var versions: [String: String]
    var settings: Settings
    /// The same log through the same engine on one thread, without Kafka and Redis, by processor time; the model without its
    /// sparse channel.
    var dense: Saturated
    /// The same with the sparse channel, as through Kafka and Redis.
    var memory: Saturated
    var saturated: Saturated
    var paced: Paced
    /// Share of the exact best that the service's own audit found, in both phases.
    var auditedRecall: Double
    /// Lists counted by the broker's own offsets, both phases together; equal to those published, or the run fails.
    var listsInTopic: Int

    func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// As lines of text.
    var text: String {
        let versions = versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        var lines = [
            "\(date)  \(machine.processor), \(machine.cores) cores, \(machine.memoryGigabytes) GB, \(machine.instructions), "
                + "load \(machine.loadBefore); \(versions)",
            "\(settings.broker), \(settings.items) items, \(settings.shoppers) shoppers (\(settings.activity)), towers \(settings.model), recall \(settings.recall), K = \(settings.listSize), batch "
                + "\(settings.batch), refresh \(settings.refresh), payload \(settings.payloadBytes) B, \(settings.partitions) "
                + "partitions, \(settings.threads) threads, d = \(settings.dimension)",
            "",
            row("", "in memory, dense", "in memory", "Kafka and Redis"),
            row(
                "events/s", number(dense.eventsPerSecond), number(memory.eventsPerSecond),
                number(saturated.eventsPerSecond)),
            row(
                "lists/s", number(dense.listsPerSecond), number(memory.listsPerSecond), number(saturated.listsPerSecond)
            ),
            row("events of a batch", number(dense.meanBatch), number(memory.meanBatch), number(saturated.meanBatch)),
        ]
        for (place, stage) in saturated.stages.enumerated() {
            lines.append(
                row(
                    "CPU " + stage.stage + ", µs/event", number(dense.stages[place].microsecondsPerEvent),
                    number(memory.stages[place].microsecondsPerEvent), number(stage.microsecondsPerEvent)))
        }
        if let processor = saturated.processor {
            lines.append(row("CPU worker, µs/event", "", "", number(processor.worker)))
            lines.append(row("  of it librdkafka", "", "", number(processor.kafkaClients)))
            lines.append(row("CPU Redis, µs/event", "", "", number(processor.redis)))
            lines.append(row("CPU broker, µs/event", "", "", processor.broker.map(number) ?? "elsewhere"))
        }
        lines.append(row("p50 at \(paced.rate) events/s", "", "", number(paced.medianMilliseconds) + " ms"))
        lines.append(row("p99 at \(paced.rate) events/s", "", "", number(paced.p99Milliseconds) + " ms"))
        lines.append(row("audited recall@\(settings.listSize)", "", "", String(format: "%.4f", auditedRecall)))
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ columns: String...) -> String {
        let name = "  " + name.padding(toLength: 26, withPad: " ", startingAt: 0)
        return name + columns.map { String(repeating: " ", count: max(1, 21 - $0.count)) + $0 }.joined()
    }

    /// Three digits or so.
    private func number(_ value: Double) -> String { String(format: value < 100 ? "%.1f" : "%.0f", value) }
}
