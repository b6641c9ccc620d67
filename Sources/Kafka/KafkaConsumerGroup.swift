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

    /// Makes the member; `start` joins the group. The member keeps its handler alive.
    ///
    /// After `sessionTimeout` without a heartbeat the broker gives the member's partitions away.
    ///
    /// A partition's queue holds about 16 MB or 50,000 records (`queued.max.messages.kbytes`, `queued.min.messages`).
    /// librdkafka 2.0 looks at a full queue again after up to a second, so where one broker leads a single partition of
    /// the member, that is read at no more than a queue's worth a second (measured: 55,000 records; with four
    /// partitions there is no such limit).
    public init(
        _ configuration: KafkaConfiguration, group: String, topic: String, sessionTimeout: Duration,
        strategy: Strategy = .range, handler: any KafkaGroupHandler
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
                "session.timeout.ms": String(sessionTimeout.milliseconds),
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

    /// The session's time-out in force: how long after its last heartbeat the broker gives this member's partitions away.
    public var sessionTimeout: Duration { client.milliseconds(of: "session.timeout.ms") }

    /// How long a rebalance may keep the poll thread before this member is thrown out.
    public var maximumPollInterval: Duration { client.milliseconds(of: "max.poll.interval.ms") }

    /// When the poll thread last came by: the age of this member's right to its partitions. Counts time asleep.
    public var renewedAt: ContinuousClock.Instant { member.renewedAt }

    /// Has the poll thread revoke and assign anew what the group gives this member, all of it: how partitions that were
    /// left out, or whose claim was refused, come back. The other members notice nothing.
    public func reassign() { member.requestReassignment() }

    /// Revokes, commits what was reported, leaves the group, ends the thread. More calls do no harm.
    public func close() { thread.stop() }
}
