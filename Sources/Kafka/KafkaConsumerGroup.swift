import CLibrdkafka
import Synchronization

/// A member of a consumer group that reads one topic, each partition through a queue of its own.
///
/// A thread of its own polls, so rebalances are served there, by the eager protocol: on every rebalance all partitions
/// are revoked, then the new ones assigned. Positions come from the handler alone; what is committed to Kafka is for lag
/// displays.
public final class KafkaConsumerGroup: Sendable {
    /// How partitions are divided among the members. All members must agree.
    public enum Strategy: String, CaseIterable, Sendable {
        case range
        case roundRobin = "roundrobin"
    }

    public let topic: String
    public let client: KafkaClient
    private let member: GroupMember
    private let thread = LoopThread()

    /// Makes the member; `start` joins the group.
    ///
    /// A partition's queue holds about 16 MB or 50,000 records (`queued.max.messages.kbytes`, `queued.min.messages`). A
    /// full queue is looked at again after up to a second by librdkafka 2.0, so it should hold a second's work.
    public init(
        _ configuration: KafkaConfiguration, group: String, topic: String, strategy: Strategy = .range,
        handler: any KafkaGroupHandler
    ) throws(KafkaError) {
        let member = GroupMember(topic: topic, handler: handler)
        client = try KafkaClient(
            configuration, role: .consumer,
            defaults: [
                "queued.min.messages": "50000", "queued.max.messages.kbytes": "16384", "fetch.wait.max.ms": "100",
                "allow.auto.create.topics": "false",
            ],
            fixed: [
                "group.id": group, "partition.assignment.strategy": strategy.rawValue, "enable.auto.commit": "false",
                "enable.auto.offset.store": "false", "auto.offset.reset": "error", "enable.partition.eof": "false",
            ],
            callbacks: KafkaCallbacks(
                log: configuration.log,
                rebalance: { _, kind, partitions in member.rebalance(kind, partitions) },
                fault: { handler.failed($0) }))
        self.member = member
        self.topic = topic
        rd_kafka_poll_set_consumer(client.pointer)
    }

    deinit { close() }

    /// Subscribes and begins to poll.
    public func start() throws(KafkaError) {
        member.open(client)
        let list = TopicPartitionList(topic: topic, offsets: [(-1, 0)])
        let code = rd_kafka_subscribe(client.pointer, list.pointer)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            member.leave()
            throw client.error(code, doing: "subscribing to \(topic)")
        }
        let member = member
        thread.start(name: "kafka-poll", step: { member.poll() }, finish: { member.leave() })
    }

    /// When the poll thread last came by: the age of this member's right to its partitions. Counts time asleep.
    public var renewedAt: ContinuousClock.Instant { member.renewedAt }

    /// Has the poll thread revoke and assign anew what the group gives this member, all of it: how partitions that were
    /// left out, or whose claim was refused, come back. The other members notice nothing.
    public func reassign() { member.requestReassignment() }

    /// Revokes, commits what was reported, leaves the group, ends the thread. More calls do no harm.
    public func close() { thread.stop() }
}
