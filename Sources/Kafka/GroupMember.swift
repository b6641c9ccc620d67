import CLibrdkafka
import Synchronization

/// The poll thread's side of a consumer group: all but `requestReassignment` and `renewedAt` run on that thread.
final class GroupMember: Sendable {
    private let topic: String
    private let handler: any KafkaGroupHandler
    private let commits = OffsetReports()
    private let needsReassignment = Atomic<Bool>(false)
    private let renewed = Mutex(ContinuousClock.now)
    private let state = Mutex(State())

    private struct State {
        var client: KafkaClient?
        /// What the group gave this member.
        var given: [KafkaPartition] = []
        /// Those of them that are read.
        var queues: [KafkaPartitionQueue] = []
        var nextCommit = ContinuousClock.now
    }

    init(topic: String, handler: any KafkaGroupHandler) {
        self.topic = topic
        self.handler = handler
    }

    var renewedAt: ContinuousClock.Instant { renewed.withLock { $0 } }

    func requestReassignment() { needsReassignment.store(true, ordering: .releasing) }

    func open(_ client: KafkaClient) { state.withLock { $0.client = client } }

    /// One turn of the poll thread: rebalances and faults, a reassignment asked for, commits that are due.
    func poll() {
        guard let client = state.withLock({ $0.client }) else { return }
        if let message = rd_kafka_consumer_poll(client.pointer, 100) {
            defer { rd_kafka_message_destroy(message) }
            let detail = rd_kafka_message_errstr(message).map { String(cString: $0) }
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                // Every assigned partition has its own queue, so this would be a record that nobody sees.
                handler.failed(
                    KafkaError(
                        .other, name: "_BAD_MSG",
                        message: "Kafka: record \(message.pointee.offset) of \(topic)[\(message.pointee.partition)] came "
                            + "outside its partition's queue"))
            } else {
                handler.failed(KafkaError(message.pointee.err, doing: "reading \(topic) in its group", detail: detail))
            }
        }
        renewed.withLock { $0 = .now }
        if needsReassignment.exchange(false, ordering: .acquiringAndReleasing) { reassign(client) }
        commit(client, isDue: state.withLock { $0.nextCommit <= .now })
    }

    /// Leaves the group: librdkafka calls `rebalance` to revoke what is left.
    func leave() {
        guard let client = state.withLock({ $0.client }) else { return }
        rd_kafka_consumer_close(client.pointer)
        revokeAll(isLost: false)
        state.withLock { $0.client = nil }
    }

    /// Serves librdkafka's rebalance callback.
    func rebalance(_ kind: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        guard let client = state.withLock({ $0.client }) else { return }
        if kind == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let given = TopicPartitionList.partitions(borrowing: list)
            state.withLock { $0.given = given }
            assign(given, client)
        } else {
            revokeAll(isLost: rd_kafka_assignment_lost(client.pointer) != 0)
            state.withLock { $0.given = [] }
            rd_kafka_assign(client.pointer, nil)
        }
    }

    private func reassign(_ client: KafkaClient) {
        let given = state.withLock { $0.given }
        if given.isEmpty { return }
        revokeAll(isLost: false)
        assign(given, client)
    }

    private func assign(_ given: [KafkaPartition], _ client: KafkaClient) {
        let starts = handler.assigned(given)
        var queues: [KafkaPartitionQueue] = []
        for partition in given {
            guard let start = starts[partition], start.rawValue >= 0 else { continue }
            if let queue = KafkaPartitionQueue(
                topic: topic, partition: partition, start: start, client: client, commits: commits)
            {
                queues.append(queue)
            }
        }
        let list = TopicPartitionList(topic: topic, offsets: queues.map { ($0.partition, $0.start.rawValue) })
        let code = rd_kafka_assign(client.pointer, list.pointer)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            handler.failed(client.error(code, doing: "assigning partitions of \(topic)"))
            handler.revoked(queues.map(\.partition), isLost: true)
            return
        }
        state.withLock { $0.queues = queues }
        for queue in queues { queue.wake(handler) }
        handler.started(queues)
    }

    private func revokeAll(isLost: Bool) {
        let queues = state.withLock { state in
            defer { state.queues = [] }
            return state.queues
        }
        if queues.isEmpty { return }
        for queue in queues { queue.revoke() }
        handler.revoked(queues.map(\.partition), isLost: isLost)
        for queue in queues { queue.close() }
        if let client = state.withLock({ $0.client }) { commit(client, isDue: !isLost) }
        if isLost { _ = commits.take() }
    }

    /// Commits what was reported, without waiting for the answer: it is for lag displays alone.
    private func commit(_ client: KafkaClient, isDue: Bool) {
        guard isDue else { return }
        let offsets = commits.take()
        state.withLock { $0.nextCommit = .now + .seconds(1) }
        if offsets.isEmpty { return }
        let list = TopicPartitionList(topic: topic, offsets: offsets.map { ($0.key, $0.value) })
        rd_kafka_commit(client.pointer, list.pointer, 1)
    }
}
