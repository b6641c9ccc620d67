import CLibrdkafka

extension String {
    /// The text of a C buffer up to its terminating zero.
    init(cCharacters: [CChar]) {
        self.init(decoding: cCharacters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Duration {
    /// Whole milliseconds for librdkafka, at least 0 and at most what an Int32 holds.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        if seconds < 0 { return 0 }
        if seconds >= Int64(Int32.max) / 1000 { return Int32.max }
        return Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}

extension ContinuousClock.Instant {
    /// The time from now until this instant; not negative.
    var remaining: Duration { max(.zero, ContinuousClock.now.duration(to: self)) }
}

/// An owned `rd_kafka_topic_partition_list_t` of one topic.
struct TopicPartitionList: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(topic: String, offsets: some Sequence<(KafkaPartition, Int64)>) {
        pointer = rd_kafka_topic_partition_list_new(16)
        for (partition, offset) in offsets {
            rd_kafka_topic_partition_list_add(pointer, topic, partition.rawValue).pointee.offset = offset
        }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    /// The partitions of a list that stays its owner's.
    static func partitions(borrowing list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> [KafkaPartition] {
        (0..<Int(list.pointee.cnt)).map { KafkaPartition(rawValue: list.pointee.elems[$0].partition) }
    }

    /// Partition and offset of each element; throws the first element's error.
    func offsets(doing: String) throws(KafkaError) -> [KafkaPartition: Int64] {
        var found: [KafkaPartition: Int64] = [:]
        for index in 0..<Int(pointer.pointee.cnt) {
            let element = pointer.pointee.elems[index]
            guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(element.err, doing: doing) }
            found[KafkaPartition(rawValue: element.partition)] = element.offset
        }
        return found
    }
}
