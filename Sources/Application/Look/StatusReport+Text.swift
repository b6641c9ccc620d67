import Foundation
import Kafka

extension StatusReport {
    /// For a terminal.
    var text: String {
        let model = modelText
        return [eventsText, topicsText, model, findings.text].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var eventsText: String {
        var table = TextTable(
            ("partition", .right), ("owner", .left), ("nonce", .left), ("epoch", .right), ("Redis next", .right),
            ("Kafka committed", .right), ("log start", .right), ("log end", .right), ("lag", .right),
            ("last commit", .left))
        for partition in partitions {
            table.add(
                "\(partition.index)", partition.head?.owner, partition.head?.fence.nonce.text,
                partition.head.map { "\($0.fence.epoch)" }, partition.next.map { "\($0)" },
                partition.committed?.description, partition.marks?.low.description, partition.marks?.high.description,
                partition.lag.map { "\($0)" }, partition.head?.committed?.rfc3339)
        }
        let count = partitionCount.map { "\($0) partitions" } ?? "number of partitions unknown"
        let lag = lag.map { ", lag \($0)" } ?? ""
        return "Events: topic \(eventsTopic), \(count), group \(group), Redis namespace \(namespace)\(lag)\n"
            + (partitions.isEmpty ? "" : table.text)
    }

    private var topicsText: String {
        var table = TextTable(
            ("topic", .left), ("partitions", .right), ("records", .right), ("start and end of each partition", .left))
        for topic in [catalogue, recommendations, deadLetters] {
            let marks = topic.marks.map { $0.map { "\($0.low)..\($0.high)" } ?? "-" }.joined(separator: " ")
            table.add(
                topic.name, topic.marks.isEmpty ? nil : "\(topic.marks.count)", topic.records.map { "\($0)" },
                marks.isEmpty ? nil : marks)
        }
        return "Topics (records: offsets in use; compaction leaves fewer)\n" + table.text
    }

    private var modelText: String {
        guard let model else { return "Model: \(modelPath): none in force\n" }
        let facts = model.facts
        let recall = facts.recallAt10.map { String(format: ", recall@10 %.4f in validation", $0) } ?? ""
        return """
            Model: \(modelPath)
              version    \(model.version)
              shape      \(model.items) items, \(model.dimension) dimensions
              trained    on \(facts.events) events of \(facts.shoppers) shoppers, \(facts.epochs) epochs\(recall)
              data       \(facts.dataDigest), seed \(facts.seed)

            """.printableLines
    }
}

extension String {
    /// As `printable`, keeping the ends of lines.
    fileprivate var printableLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }.joined(separator: "\n")
    }
}
