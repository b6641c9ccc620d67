import Kafka
import Observability
import Streaming
import Synchronization

/// Runs a stage as a member of a consumer group: claims the partitions that the group gives, hands them to the pool's
/// threads and takes them back when the group does.
///
/// Assignment and revocation are served on the group's poll thread. What cannot be settled there (a store that is away
/// for longer than the group waits, a claim that another worker took back) is told to `supervise`, which decides when
/// the partitions are offered again.
public final class GroupRunner<Stage: KeyedStage>: KafkaGroupHandler {
    /// What the supervisor hears.
    public enum Event: Sendable {
        case assigned([PartitionIndex])
        case revoked([PartitionIndex])
        /// The partition is this worker's and is being read.
        case claimed(PartitionIndex)
        /// The partition waits to be offered again: its claim was lost, or the store was away.
        case unclaimed(PartitionIndex, StreamError?)
        /// The partition stands still until someone helps.
        case failed(PartitionIndex, StreamError)
        /// The claim needs a decision of someone: nothing of the group can go on as it is configured.
        case refused(PartitionIndex, StreamError)
        /// The store or the log is away (or, with nil, back); its worker tries again by itself.
        case retrying(PartitionIndex, StreamError?)
        /// A fault of the connection to Kafka.
        case connection(KafkaError)
    }

    private let claims: ClaimDesk
    private let pool: WorkerPool<Stage>
    private let wakes: [Wake]
    private let session: Duration
    private let releaseLimit: Duration
    private let supervise: @Sendable (Event) -> Void
    private let owned = Mutex<[PartitionIndex: Owned]>([:])
    private let group = Mutex<KafkaConsumerGroup?>(nil)

    private struct Owned {
        let granted: ClaimDesk.Granted
        let lease: Lease
        let progress: PartitionProgress
    }

    /// A runner whose `start` joins the group.
    ///
    /// - Parameters:
    ///   - session: how old the group's last sign of life may be for a worker to produce.
    ///   - releaseLimit: how long a revocation waits for batches in flight.
    public init(
        claims: ClaimDesk, wakes: [Wake], sink: any Sink, limits: PartitionWorker<Stage>.Limits, probe: StageProbe,
        session: Duration, releaseLimit: Duration, supervise: @escaping @Sendable (Event) -> Void,
        makeContext: @escaping @Sendable () -> WorkerPool<Stage>.Context
    ) {
        self.claims = claims
        self.wakes = wakes
        self.session = session
        self.releaseLimit = releaseLimit
        self.supervise = supervise
        pool = WorkerPool(
            wakes: wakes, sink: sink, limits: limits, probe: probe,
            observe: { event in
                switch event {
                case .lost(let partition): supervise(.unclaimed(partition, nil))
                case .failed(let partition, let error): supervise(.failed(partition, error))
                case .retrying(let partition, let error): supervise(.retrying(partition, error))
                }
            }, makeContext: makeContext)
    }

    /// Starts the threads and joins the group.
    public func start(_ group: KafkaConsumerGroup) throws(KafkaError) {
        self.group.withLock { $0 = group }
        pool.start()
        try group.start()
    }

    /// Offers every partition of this member again, those that stand still included.
    public func reassign() { group.withLock { $0 }?.reassign() }

    /// Finishes what is in flight, leaves the group and ends the threads.
    public func stop() {
        group.withLock { $0 }?.close()
        pool.stop()
        group.withLock { $0 = nil }
    }

    /// Records of each partition of this process that are in the log and not in the state yet, by the watermarks that the
    /// last fetch brought; partitions of which nothing was fetched are left out.
    public func lag(of topic: String) -> [PartitionIndex: Int64] {
        guard let client = group.withLock({ $0?.client }) else { return [:] }
        var lag: [PartitionIndex: Int64] = [:]
        for (partition, owned) in owned.withLock({ $0 }) {
            guard let marks = client.cachedWatermarks(of: topic, KafkaPartition(rawValue: partition.rawValue)) else {
                continue
            }
            lag[partition] = max(0, marks.high.rawValue - owned.progress.next.rawValue)
        }
        return lag
    }

    // MARK: KafkaGroupHandler, on the poll thread

    public func assigned(_ partitions: [KafkaPartition]) -> [KafkaPartition: KafkaOffset] {
        guard let group = group.withLock({ $0 }) else { return [:] }
        let session = session
        var starts: [KafkaPartition: KafkaOffset] = [:]
        supervise(.assigned(partitions.map { PartitionIndex($0.rawValue) }))
        for (partition, outcome) in claims.claim(partitions) {
            switch outcome {
            case .granted(let granted):
                let lease = Lease(isFresh: { ContinuousClock.now - group.renewedAt < session })
                owned.withLock {
                    $0[granted.claim.fence.partition] = Owned(
                        granted: granted, lease: lease, progress: PartitionProgress(granted.position.next))
                }
                starts[partition] = granted.start
                supervise(.claimed(granted.claim.fence.partition))
            case .unavailable(let error):
                supervise(.unclaimed(PartitionIndex(partition.rawValue), error))
            case .refused(let error):
                let index = PartitionIndex(partition.rawValue)
                supervise(error.code == .logDiverged ? .failed(index, error) : .refused(index, error))
            }
        }
        return starts
    }

    public func started(_ queues: [KafkaPartitionQueue]) {
        for queue in queues {
            let partition = PartitionIndex(queue.partition.rawValue)
            guard let owned = owned.withLock({ $0[partition] }) else { continue }
            pool.assign(
                .init(
                    claim: owned.granted.claim, position: owned.granted.position, verifying: owned.granted.isVerifying,
                    lease: owned.lease, makeSource: { KafkaPartitionSource(queue, progress: owned.progress) }))
        }
    }

    public func revoked(_ partitions: [KafkaPartition], isLost: Bool) {
        let partitions = partitions.map { PartitionIndex($0.rawValue) }
        let leases = owned.withLock { owned in partitions.compactMap { owned.removeValue(forKey: $0)?.lease } }
        for lease in leases { lease.revoke() }
        pool.release(partitions, within: releaseLimit)
        supervise(.revoked(partitions))
    }

    public func arrived(_ partition: KafkaPartition) {
        wakes[WorkerPool<Stage>.thread(of: PartitionIndex(partition.rawValue), among: wakes.count)].signal()
    }

    public func failed(_ error: KafkaError) { supervise(.connection(error)) }
}
