import JSON
import Kafka

extension StatusReport {
    /// One line of JSON; its field names stay as they are.
    var json: String {
        JSONWriter.document { json in
            json.member("events", object: self) { json, report in report.writeEvents(to: &json) }
            json.member("catalogue", object: catalogue) { json, topic in topic.write(to: &json) }
            json.member("recommendations", object: recommendations) { json, topic in topic.write(to: &json) }
            json.member("dead_letters", object: deadLetters) { json, topic in topic.write(to: &json) }
            json.member("model_path", modelPath)
            json.member("model", object: model) { json, model in model.write(to: &json) }
            json.members(findings)
        }
    }

    private func writeEvents(to json: inout JSONWriter) {
        json.member("topic", eventsTopic)
        json.member("group", group)
        json.member("namespace", namespace)
        json.member("partition_count", partitionCount)
        json.member("lag", lag)
        json.member("partitions", array: partitions) { json, partition in
            json.member("partition", partition.index)
            json.member("owner", partition.head?.owner)
            json.member("nonce", partition.head?.fence.nonce.text)
            json.member("epoch", partition.head?.fence.epoch)
            json.member("next_offset", partition.next)
            json.member("committed_offset", partition.committed?.rawValue)
            json.member("log_start_offset", partition.marks?.low.rawValue)
            json.member("log_end_offset", partition.marks?.high.rawValue)
            json.member("lag", partition.lag)
            json.member("claimed_at", partition.head?.claimed)
            json.member("committed_at", partition.head?.committed)
        }
    }
}

extension StatusReport.Topic {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("topic", name)
        json.member("partition_count", marks.isEmpty ? nil : marks.count)
        json.member("records", records)
        json.member("partitions", array: Array(marks.enumerated())) { json, partition in
            json.member("partition", partition.offset)
            json.member("log_start_offset", partition.element?.low.rawValue)
            json.member("log_end_offset", partition.element?.high.rawValue)
        }
    }
}

extension StatusReport.ServedModel {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("version", version)
        json.member("dimension", dimension)
        json.member("items", items)
        json.member("training", object: facts) { json, facts in
            json.member("seed", facts.seed)
            json.member("data_digest", facts.dataDigest)
            json.member("events", facts.events)
            json.member("shoppers", facts.shoppers)
            json.member("epochs", facts.epochs)
            json.member("recall_at_10", facts.recallAt10)
            json.member("settings", object: facts.settings) { json, settings in
                for (name, value) in settings.sorted(by: { $0.key < $1.key }) { json.member(named: name, value) }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(named name: String, _ value: Double) {
        self.name(name)
        do throws(JSONError) { try number(value) } catch { null() }
    }
}
