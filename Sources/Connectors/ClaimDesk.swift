import Commerce
import Kafka
import Streaming

/// Where a new group begins to read a partition that has no state yet.
public enum StartPosition: Equatable, Sendable {
    case earliest
    case latest
    /// The first record of that time or later.
    case time(EventTime)
}

/// Claims partitions in the state store and finds where each goes on, before anything of it is fetched.
///
/// Used on one thread at a time: the group's poll thread.
public final class ClaimDesk: @unchecked Sendable {  // the store is used on the poll thread alone
    /// What became of a partition's claim.
    public enum Outcome: Sendable {
        case granted(Granted)
        /// The store or the broker did not answer in time: offer the partition again later.
        case unavailable(StreamError)
        /// Nothing but a decision of someone helps.
        case refused(StreamError)
    }

    /// A claimed partition and where to read it.
    public struct Granted: Sendable {
        public var claim: Claim
        public var position: Position
        /// The offset to fetch first: one before the position where that record is to be compared.
        public var start: KafkaOffset
        public var isVerifying: Bool
    }

    private let store: any StateStore
    private let client: KafkaClient
    private let topic: String
    private let group: String
    private let partitionCount: Int
    private let start: StartPosition?
    private let timeout: Duration
    private let makeNonce: @Sendable () -> Nonce

    /// A desk for the partitions of `topic`.
    ///
    /// - Parameters:
    ///   - client: a client of `group`, to ask for watermarks and committed offsets.
    ///   - start: nil where the configuration does not say; a partition without state is then refused.
    ///   - timeout: of each question to the broker.
    public init(
        store: any StateStore, client: KafkaClient, topic: String, group: String, partitionCount: Int,
        start: StartPosition?,
        timeout: Duration,
        makeNonce: @escaping @Sendable () -> Nonce = { Nonce(rawValue: UInt64.random(in: UInt64.min...UInt64.max)) }
    ) {
        self.store = store
        self.client = client
        self.topic = topic
        self.group = group
        self.partitionCount = partitionCount
        self.start = start
        self.timeout = timeout
        self.makeNonce = makeNonce
    }

    /// Claims each partition. After one that the store did not answer for, the rest is not tried: the poll thread must
    /// not be held up by every one of them.
    public func claim(_ partitions: [KafkaPartition]) -> [(KafkaPartition, Outcome)] {
        var away: StreamError?
        return partitions.map { partition in
            if let away { return (partition, .unavailable(away)) }
            do throws(StreamError) {
                return (partition, .granted(try claim(partition)))
            } catch {
                guard error.code == .unavailable else { return (partition, .refused(error)) }
                away = error
                return (partition, .unavailable(error))
            }
        }
    }

    private func claim(_ partition: KafkaPartition) throws(StreamError) -> Granted {
        let index = PartitionIndex(partition.rawValue)
        let claim = try store.claim(index, nonce: makeNonce(), partitionCount: partitionCount)
        let marks = try ask { () throws(KafkaError) in try client.watermarks(of: topic, partition, timeout: timeout) }
        guard let position = claim.position else {
            let first = try beginning(of: partition, marks)
            return Granted(
                claim: claim, position: Position(next: Offset(first.rawValue), last: nil), start: first,
                isVerifying: false)
        }
        let next = position.next.rawValue
        guard next <= marks.high.rawValue else {
            throw StreamError(
                .logDiverged,
                "\(topic)[\(partition)]: the state has seen offsets below \(next), the log ends at \(marks.high): the topic was "
                    + "truncated or made anew. Use \(StreamError.newStart) for the new topic")
        }
        guard next >= marks.low.rawValue else {
            throw StreamError(
                .logDiverged,
                "\(topic)[\(partition)]: the state ends at offset \(next), the log begins at \(marks.low): retention removed records "
                    + "that were never applied. Restore the topic, or start \(StreamError.newStart)")
        }
        let isVerifying = position.last != nil && next - 1 >= marks.low.rawValue
        return Granted(
            claim: claim, position: position, start: KafkaOffset(rawValue: isVerifying ? next - 1 : next),
            isVerifying: isVerifying)
    }

    /// Where a partition without state begins; refused where that was not said or where state seems to be missing.
    private func beginning(of partition: KafkaPartition, _ marks: KafkaWatermarks) throws(StreamError) -> KafkaOffset {
        let committed = try ask { () throws(KafkaError) in try client.committed(topic, [partition], timeout: timeout) }
        if let offset = committed[partition] {
            throw StreamError(
                .permanent,
                "\(topic)[\(partition)]: there is no state, though group \(group) has committed offset \(offset) to Kafka: the state "
                    + "was lost or the namespace is another. Restore it or name its namespace (redis.namespace), or begin anew with "
                    + "another group (kafka.group)")
        }
        switch start {
        case .earliest: return marks.low
        case .latest: return marks.high
        case .time(let time):
            let found = try ask { () throws(KafkaError) in
                try client.offsets(of: topic, [partition], at: time.rawValue, timeout: timeout)
            }
            return found[partition] ?? marks.high
        case nil:
            throw StreamError(
                .permanent,
                "\(topic)[\(partition)]: group \(group) is new: say where it begins with kafka.start = \"earliest\", \"latest\" or a time"
            )
        }
    }

    private func ask<Answer>(_ question: () throws(KafkaError) -> Answer) throws(StreamError) -> Answer {
        do throws(KafkaError) { return try question() } catch { throw StreamError(error) }
    }
}
