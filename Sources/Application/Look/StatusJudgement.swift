import Kafka
import Streaming

extension StatusReport {
    /// Adds what the gathered numbers say when they are laid beside each other.
    mutating func judge() {
        judgeCount()
        if hasHeads { judgeHeads() }
        for partition in partitions { judge(partition) }
        if catalogue.records == 0 {
            findings.add(
                .note("\(catalogue.name): no records: the checkpoint's items are recommended as they were trained"))
        }
    }

    private mutating func judgeCount() {
        guard let partitionCount else { return }
        for frozen in Set(partitions.compactMap(\.head?.partitionCount)).sorted() where frozen != partitionCount {
            findings.add(
                .problem(
                    "\(eventsTopic) has \(partitionCount) partitions, the state under \(namespace) was made with "
                        + "\(frozen): restore the topic's number, or replay into \(StreamError.newStart)"))
        }
    }

    private mutating func judgeHeads() {
        if partitions.allSatisfy({ $0.head == nil }) {
            findings.add(
                .note("no state yet under \(namespace): no worker has claimed a partition; `breadcrumb run` does"))
            return
        }
        let unclaimed = partitions.filter { $0.head == nil }.map { String($0.index) }
        if !unclaimed.isEmpty {
            findings.add(.note("no worker has claimed these partitions yet: \(unclaimed.joined(separator: ", "))"))
        }
        let waiting = partitions.filter { $0.head != nil && $0.next == nil }.map { String($0.index) }
        if !waiting.isEmpty {
            findings.add(.note("claimed, and nothing committed yet: \(waiting.joined(separator: ", "))"))
        }
    }

    private mutating func judge(_ partition: EventPartition) {
        let place = "\(eventsTopic)[\(partition.index)]"
        guard let next = partition.next else {
            if hasHeads, let committed = partition.committed {
                findings.add(
                    .problem(
                        "\(place): no state, though group \(group) has committed offset \(committed): the state was "
                            + "lost, or redis.namespace is another"))
            }
            return
        }
        if let marks = partition.marks {
            if next > marks.high.rawValue {
                findings.add(
                    .problem(
                        "\(place): Redis is ahead of the log (\(next), which ends at \(marks.high)): "
                            + "the topic was truncated or made anew"
                    ))
            } else if next < marks.low.rawValue {
                findings.add(
                    .problem(
                        "\(place): the log begins at \(marks.low), Redis wants \(next): "
                            + "retention removed records that were never applied"
                    ))
            }
        }
        if let committed = partition.committed, committed.rawValue > next {
            findings.add(
                .problem(
                    "\(place): Kafka's committed offset \(committed) is past Redis' \(next): Redis lost its "
                        + "last writes, or another namespace is served by group \(group)"))
        }
    }
}
