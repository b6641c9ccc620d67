import CLibrdkafka

/// Drains a librdkafka queue of messages.
enum MessageBatch {
    /// Up to `limit` records in order, and the first fault among them. Records behind a fault stay: librdkafka reads on
    /// by itself after most faults, and a record dropped here would be lost.
    ///
    /// Waits up to `timeout` for the first; librdkafka's own call would wait for a full batch.
    static func take(
        from queue: OpaquePointer, limit: Int, timeout: Duration, doing: String,
        endOfPartition: (KafkaPartition, KafkaOffset) -> Void = { _, _ in }
    ) -> (messages: [KafkaMessage], fault: KafkaError?) {
        withUnsafeTemporaryAllocation(
            of: UnsafeMutablePointer<rd_kafka_message_t>?.self, capacity: limit
        ) { pointers in
            var count = 0
            if timeout > .zero {
                count = rd_kafka_consume_batch_queue(queue, timeout.milliseconds, pointers.baseAddress, 1)
                if count <= 0 { return ([], count < 0 ? KafkaError(rd_kafka_last_error(), doing: doing) : nil) }
            }
            count += max(0, rd_kafka_consume_batch_queue(queue, 0, pointers.baseAddress.map { $0 + count }, limit - count))
            var messages: [KafkaMessage] = []
            messages.reserveCapacity(count)
            var fault: KafkaError?
            for index in 0..<count {
                guard let message = pointers[index] else { continue }
                defer { rd_kafka_message_destroy(message) }
                switch message.pointee.err {
                case RD_KAFKA_RESP_ERR_NO_ERROR:
                    messages.append(KafkaMessage(borrowing: message))
                case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                    endOfPartition(
                        KafkaPartition(rawValue: message.pointee.partition),
                        KafkaOffset(rawValue: message.pointee.offset))
                default:
                    fault = fault ?? KafkaError(
                        message.pointee.err, doing: "\(doing)[\(message.pointee.partition)]",
                        detail: rd_kafka_message_errstr(message).map { String(cString: $0) })
                }
            }
            return (messages, fault)
        }
    }
}
