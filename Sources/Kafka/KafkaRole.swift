/// Which side of librdkafka a client is.
enum KafkaRole: Sendable {
    case producer
    case consumer

    /// Properties that the contract fixes, and why a user may not set them.
    static let reserved: [String: String] = [
        "bootstrap.servers": servers,
        "metadata.broker.list": servers,
        "client.id": "is given by the program",
        "group.id": "has a key of its own (the group)",
        "partitioner": "is fixed at murmur2_random, Java's default, so that a user's events stay in one partition",
        "partition.assignment.strategy": "is the group's strategy: range or roundrobin, which are eager",
        "enable.auto.commit": "is fixed at false: state is committed with its offset elsewhere",
        "enable.auto.offset.store": "is fixed at false: state is committed with its offset elsewhere",
        "auto.offset.reset": "is fixed at error: a position that is gone must be noticed, not skipped",
        "enable.partition.eof": "is set where the end of a partition is needed",
        "session.timeout.ms": "has a key of its own (the session's time-out)",
        "enable.idempotence": "is fixed at true: a record that is sent again must not stand in its topic twice",
        "acks": acknowledgements,
        "request.required.acks": acknowledgements,
        "message.timeout.ms": delivery,
        "delivery.timeout.ms": delivery,
        "transactional.id": "is not supported: the producer is idempotent, not transactional",
        "test.mock.num.brokers": "would replace the bootstrap servers; use the embedded cluster",
    ]

    // Of properties that librdkafka knows by two names.
    private static let servers = "has a key of its own (the bootstrap servers)"
    private static let acknowledgements =
        "is fixed at all: what was acknowledged must outlive any one broker"
    private static let delivery =
        "follows from the session's time-out, which has a key of its own: nothing may be delivered past it"
}
