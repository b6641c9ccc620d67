import Bytes
import Commerce
import Connectors
import Kafka

/// The list of a shopper that a consumer of the `recommendations` topic would keep.
struct NewestList {
    var published: PublishedList
    var partition: KafkaPartition
    var offset: KafkaOffset
    /// When it was published by the wall clock, as the worker wrote it.
    var publishedAt: String?
}

/// Looks for a shopper's newest list.
struct NewestListSearch {
    /// Offsets looked at first, from the end; each further look takes in this many times as many.
    static let firstWindow: Int64 = 10_000
    static let growth: Int64 = 8

    let shopper: Shopper
    let topic: String
    /// Event time of the shopper's last event: a list of an earlier one may be an old list that a paused worker sent
    /// late, so the search goes on. Nil where it is not known.
    let latest: EventTime?
    let timeout: Duration

    /// What was found, and records under the shopper's key that are no lists.
    struct Result {
        var newest: NewestList?
        var findings: [Finding] = []
    }

    /// Reads the shopper's partition up to the watermark of now, in windows that grow backwards until the list is
    /// found: a large topic is read whole only where that is needed.
    ///
    /// - Parameter partitions: of the topic.
    func run(_ configuration: KafkaConfiguration, _ client: KafkaClient, partitions: Int) throws(KafkaError) -> Result {
        let index = Murmur2.partition(of: Array(shopper.id.utf8), partitions: Int32(clamping: partitions))
        let partition = KafkaPartition(rawValue: index)
        let marks = try client.watermarks(of: topic, partition, timeout: timeout)
        var window = Self.firstWindow
        while true {
            let start = marks.high.rawValue &- window
            let isWhole = start <= marks.low.rawValue
            let result = try read(configuration, partition, from: isWhole ? nil : KafkaOffset(rawValue: start))
            if isWhole || isCurrent(result.newest) { return result }
            window = window &* Self.growth
        }
    }

    private func isCurrent(_ newest: NewestList?) -> Bool {
        guard let newest else { return false }
        guard let latest else { return true }
        return newest.published.list.eventTime >= latest
    }

    /// The newest list of the records from `start` (nil: the beginning) to the watermark.
    private func read(
        _ configuration: KafkaConfiguration, _ partition: KafkaPartition, from start: KafkaOffset?
    ) throws(KafkaError) -> Result {
        let reader = try KafkaReader(
            configuration, topic: topic, partitions: [partition], from: start.map { [partition: $0] } ?? [:],
            timeout: timeout)
        let key = Array(shopper.id.utf8)
        let decoder = ListDecoder()
        var order = ListOrder()
        var result = Result()
        try reader.readToEnd { message in
            guard message.key == key else { return }
            guard let value = message.value else {
                // A tombstone: what was there before is withdrawn.
                (order, result) = (ListOrder(), Result())
                return
            }
            do throws(RecordFault) {
                let published = try decoder.decode(value)
                // A known user and an anonymous visitor may share a key.
                guard published.list.shopper == shopper, order.judge(published) == .newer else { return }
                result.newest = NewestList(
                    published: published, partition: partition, offset: message.offset,
                    publishedAt: message.publishedAt)
            } catch {
                result.findings.add(
                    .problem("\(topic)[\(partition)] at offset \(message.offset): not a list: \(error)"))
            }
        }
        return result
    }
}

extension KafkaMessage {
    /// The wall-clock time of publishing, from the record's header.
    fileprivate var publishedAt: String? {
        headers.last { $0.name == KafkaSink.timeHeader }.flatMap { header in
            header.value.map { String(decoding: $0, as: UTF8.self) }
        }
    }
}
