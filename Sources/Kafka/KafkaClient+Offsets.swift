import CLibrdkafka

/// The first offset kept in a partition, and the offset the next record will take.
public struct KafkaWatermarks: Equatable, Sendable {
    public var low: KafkaOffset
    public var high: KafkaOffset

    public init(low: KafkaOffset, high: KafkaOffset) {
        self.low = low
        self.high = high
    }
}

extension KafkaClient {
    /// The number of partitions of `topic`; `.unknownTopic` where there is none.
    public func partitionCount(of topic: String, timeout: Duration) throws(KafkaError) -> Int {
        try size(of: topic, timeout: timeout).partitions
    }

    /// The number of partitions of `topic` and of the replicas of the first.
    func size(of topic: String, timeout: Duration) throws(KafkaError) -> (partitions: Int, replicas: Int) {
        let doing = "reading the partitions of topic \(topic)"
        guard let handle = rd_kafka_topic_new(pointer, topic, nil) else { throw error(rd_kafka_last_error(), doing: doing) }
        defer { rd_kafka_topic_destroy(handle) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(pointer, 0, handle, &metadata, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw error(code, doing: doing) }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt == 1, let found = metadata.pointee.topics?.pointee else {
            throw error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, doing: doing)
        }
        guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw error(found.err, doing: doing) }
        return (Int(found.partition_cnt), Int(found.partitions?.pointee.replica_cnt ?? 0))
    }

    /// The watermarks as the broker has them now.
    public func watermarks(of topic: String, _ partition: KafkaPartition, timeout: Duration) throws(KafkaError) -> KafkaWatermarks {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_query_watermark_offsets(
            pointer, topic, partition.rawValue, &low, &high, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw error(code, doing: "reading the watermarks of \(topic)[\(partition)]")
        }
        return KafkaWatermarks(low: KafkaOffset(rawValue: low), high: KafkaOffset(rawValue: high))
    }

    /// The watermarks that the last fetch brought, without asking; nil before the first. For the lag metric.
    public func cachedWatermarks(of topic: String, _ partition: KafkaPartition) -> KafkaWatermarks? {
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_get_watermark_offsets(pointer, topic, partition.rawValue, &low, &high)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 else { return nil }
        return KafkaWatermarks(low: KafkaOffset(rawValue: max(low, 0)), high: KafkaOffset(rawValue: high))
    }

    /// The next offsets that the client's group has committed to Kafka; partitions without one are left out.
    public func committed(
        _ topic: String, _ partitions: [KafkaPartition], timeout: Duration
    ) throws(KafkaError) -> [KafkaPartition: KafkaOffset] {
        let list = TopicPartitionList(
            topic: topic, offsets: partitions.map { ($0, Int64(RD_KAFKA_OFFSET_INVALID)) })
        let doing = "reading the group's committed offsets of \(topic)"
        let code = rd_kafka_committed(pointer, list.pointer, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw error(code, doing: doing) }
        return try list.offsets(doing: doing).filter { $0.value >= 0 }.mapValues(KafkaOffset.init(rawValue:))
    }

    /// Per partition the offset of the first record whose timestamp is `time` (milliseconds since 1970) or later.
    ///
    /// Where every record is older it is the high watermark. The embedded cluster knows no times and always answers that.
    public func offsets(
        of topic: String, _ partitions: [KafkaPartition], at time: Int64, timeout: Duration
    ) throws(KafkaError) -> [KafkaPartition: KafkaOffset] {
        let deadline = ContinuousClock.now + timeout
        let list = TopicPartitionList(topic: topic, offsets: partitions.map { ($0, time) })
        let doing = "looking up offsets of \(topic) by time"
        let code = rd_kafka_offsets_for_times(pointer, list.pointer, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw error(code, doing: doing) }
        var found: [KafkaPartition: KafkaOffset] = [:]
        for (partition, offset) in try list.offsets(doing: doing) {
            found[partition] =
                offset >= 0
                ? KafkaOffset(rawValue: offset)
                : try watermarks(of: topic, partition, timeout: deadline.remaining).high
        }
        return found
    }
}
