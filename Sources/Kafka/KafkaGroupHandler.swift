/// The owner of a consumer group member's partitions.
///
/// `assigned`, `started`, `revoked` and `failed` are called on the group's poll thread, one at a time.
public protocol KafkaGroupHandler: AnyObject, Sendable {
    /// The group gave these partitions to this member and nothing of them has been fetched. The answer names those to
    /// read, each with the offset of the first record wanted (from a state's head, from watermarks, from a time).
    ///
    /// A partition left out stays this member's in the eyes of the group but is not read; `reassign()` offers it again.
    /// May block, but for less than `max.poll.interval.ms` altogether.
    func assigned(_ partitions: [KafkaPartition]) -> [KafkaPartition: KafkaOffset]

    /// The kept partitions are being read, each through its own queue.
    func started(_ queues: [KafkaPartitionQueue])

    /// The partitions end. Return when no work on them is under way any more: another member reads them from then on.
    /// `isLost`: the group gave them away already (session or poll interval passed), so finish by dropping, not by writing.
    ///
    /// Their queues are empty from before this call, and closed after it.
    func revoked(_ partitions: [KafkaPartition], isLost: Bool)

    /// Records arrived on an empty queue. Called on a thread of librdkafka that holds the queue's lock: wake someone and
    /// return. Never take a lock here that is held while calling a queue's `take`.
    func arrived(_ partition: KafkaPartition)

    /// A fault of the group or the connection. Reading goes on by itself where the fault is retriable.
    func failed(_ error: KafkaError)
}
