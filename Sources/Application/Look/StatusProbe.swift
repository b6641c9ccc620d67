import Connectors
import Foundation
import Kafka
import Redis
import Streaming
import TwoTower

/// Gathers what `status` shows. What is away is a finding, and the rest is gathered all the same.
struct StatusProbe {
    let settings: Settings
    /// Of each question to Kafka.
    let timeout: Duration

    /// Asks everyone.
    func report() -> StatusReport {
        var report = StatusReport(settings)
        var kafka = KafkaQuestions(settings.kafka, timeout: timeout)
        gatherEvents(&report, &kafka)
        for topic in [\StatusReport.catalogue, \.recommendations, \.deadLetters] {
            let name = report[keyPath: topic].name
            guard let count = kafka.partitionCount(of: name) else { continue }
            report[keyPath: topic].marks = kafka.watermarks(of: name, count: count)
        }
        report.findings += kafka.findings
        gatherModel(&report)
        report.judge()
        return report
    }

    /// Each source is asked before the one that must be ahead of it (Kafka's commit follows Redis', which follows
    /// the log), so that a pipeline at work does not look wrong.
    private func gatherEvents(_ report: inout StatusReport, _ kafka: inout KafkaQuestions) {
        let (topic, timeout) = (settings.topics.events, timeout)
        report.partitionCount = kafka.partitionCount(of: topic)
        let partitions = (0..<Int32(clamping: report.partitionCount ?? 0)).map(KafkaPartition.init(rawValue:))
        let committed = kafka.ask { (client) throws(KafkaError) in
            try client.committed(topic, partitions, timeout: timeout)
        }
        var heads: [RedisHead?] = []
        do {
            heads = try settings.redis.reader().heads(partitionCount: report.partitionCount)
            report.hasHeads = true
        } catch {
            report.findings.add(.problem("\(error)"))
        }
        let marks = kafka.watermarks(of: topic, count: partitions.count)
        report.partitions = (0..<max(partitions.count, heads.count)).map { index in
            let partition = KafkaPartition(rawValue: Int32(clamping: index))
            return StatusReport.EventPartition(
                index: partition.rawValue, head: index < heads.count ? heads[index] : nil,
                committed: committed?[partition], marks: index < marks.count ? marks[index] : nil)
        }
    }

    private func gatherModel(_ report: inout StatusReport) {
        do throws(CheckpointError) {
            let checkpoint = try Checkpoint(directory: URL(fileURLWithPath: settings.model.path))
            report.model = StatusReport.ServedModel(
                version: checkpoint.model.version, dimension: checkpoint.model.dimension,
                items: checkpoint.model.items.count, facts: checkpoint.facts)
        } catch {
            report.findings.add(.problem("model: \(error)"))
        }
    }
}

extension RedisSettings {
    /// Looks into the namespace; it connects at its first question.
    func reader() throws -> RedisStateReader {
        RedisStateReader(
            try address(), namespace: try RedisNamespace(namespace),
            timeouts: RedisTimeouts(connect: timeout, reply: timeout))
    }
}
