/// Which side of librdkafka a client is.
enum KafkaRole: Sendable {
    case producer
    case consumer

    /// Properties that the contract fixes, and why a user may not set them.
    static let reserved: [String: String] = [
        "bootstrap.servers": "has a key of its own (the bootstrap servers)",
        "client.id": "has a key of its own (the client's name)",
        "group.id": "has a key of its own (the group)",
        "partitioner": "is fixed at murmur2_random, Java's default, so that a user's events stay in one partition",
        "enable.auto.commit": "is fixed at false: state is committed with its offset elsewhere",
        "enable.auto.offset.store": "is fixed at false: state is committed with its offset elsewhere",
        "auto.offset.reset": "is fixed at error: a position that is gone must be noticed, not skipped",
        "enable.partition.eof": "is set where the end of a partition is needed",
        "transactional.id": "is not supported: the producer is idempotent, not transactional",
        "test.mock.num.brokers": "would replace the bootstrap servers; use the embedded cluster",
    ]
}
