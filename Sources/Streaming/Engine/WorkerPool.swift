import Foundation
import Synchronization

/// The threads that move a process's partitions: each has its own state store connection and stage, and a group of the
/// partitions.
public final class WorkerPool<Stage: KeyedStage>: Sendable {
    /// What one thread works with; made on the thread itself.
    public struct Context {
        public var stage: Stage
        public var store: any StateStore

        public init(stage: Stage, store: any StateStore) {
            self.stage = stage
            self.store = store
        }
    }

    /// A partition to work on.
    public struct Assignment: Sendable {
        public var claim: Claim
        public var position: Position
        /// The source starts one record early, for comparison.
        public var verifying: Bool
        public var lease: Lease
        /// Makes the partition's source, on the thread that will read it.
        public var makeSource: @Sendable () -> any PartitionSource

        public init(
            claim: Claim, position: Position, verifying: Bool, lease: Lease,
            makeSource: @escaping @Sendable () -> any PartitionSource
        ) {
            self.claim = claim
            self.position = position
            self.verifying = verifying
            self.lease = lease
            self.makeSource = makeSource
        }
    }

    /// What happens to a partition's worker, for those who supervise it.
    public enum Event: Sendable {
        /// The store or the log is away; the worker tries again by itself. Nil: it goes on.
        case retrying(PartitionIndex, StreamError?)
        /// The worker has ended because the partition's state has another owner or lost writes.
        case lost(PartitionIndex)
        /// The worker has ended and waits for someone's help.
        case failed(PartitionIndex, StreamError)
    }

    private let threads: [WorkerThread<Stage>]

    /// A pool of `count` threads, which `start` starts.
    ///
    /// - Parameters:
    ///   - wakes: one per thread; deliveries of `sink` and the arrival of records should signal them.
    ///   - observe: called on the worker's thread; must not block.
    public init(
        wakes: [Wake], sink: any Sink, limits: PartitionWorker<Stage>.Limits, probe: StageProbe,
        observe: @escaping @Sendable (Event) -> Void, makeContext: @escaping @Sendable () -> Context
    ) {
        threads = wakes.map {
            WorkerThread(wake: $0, sink: sink, limits: limits, probe: probe, observe: observe, makeContext: makeContext)
        }
    }

    /// Starts the threads.
    public func start() {
        for (index, thread) in threads.enumerated() { thread.start(name: "worker-\(index)") }
    }

    /// Hands a partition to its thread.
    public func assign(_ assignment: Assignment) {
        thread(of: assignment.claim.fence.partition).send(.assign(assignment))
    }

    /// Takes partitions back: their workers take no more records and finish what they have produced. Returns when all
    /// have, or after `limit`: what is then still in flight is refused by the next owner's fence.
    public func release(_ partitions: [PartitionIndex], within limit: Duration) {
        let done = DispatchGroup()
        for partition in partitions {
            done.enter()
            thread(of: partition).send(.release(partition, done: { done.leave() }))
        }
        let (seconds, attoseconds) = limit.components
        _ = done.wait(timeout: .now() + Double(seconds) + Double(attoseconds) / 1e18)
    }

    /// Ends the threads, which must have no partitions left, and waits until they have.
    public func stop() {
        for thread in threads { thread.send(.stop) }
        for thread in threads { thread.join() }
    }

    /// The index of a partition's thread.
    public static func thread(of partition: PartitionIndex, among count: Int) -> Int {
        Int(UInt32(bitPattern: partition.rawValue)) % count
    }

    private func thread(of partition: PartitionIndex) -> WorkerThread<Stage> {
        threads[WorkerPool.thread(of: partition, among: threads.count)]
    }
}
