import Foundation
import Synchronization

/// One thread of a pool: moves its partitions' workers in turn and waits when none can move.
final class WorkerThread<Stage: KeyedStage>: Sendable {
    enum Message: Sendable {
        case assign(WorkerPool<Stage>.Assignment)
        case release(PartitionIndex, done: @Sendable () -> Void)
        case stop
    }

    /// A worker and how it last fared.
    private struct Member {
        let worker: PartitionWorker<Stage>
        var releases: [@Sendable () -> Void] = []
        var isRetrying = false
        var isEnded = false
    }

    /// The longest wait for a signal: a bound for what no signal announces (a lease renewed, a store that came back).
    private static var longestWait: Duration { .milliseconds(100) }

    private let wake: Wake
    private let sink: any Sink
    private let limits: PartitionWorker<Stage>.Limits
    private let probe: StageProbe
    private let observe: @Sendable (WorkerPool<Stage>.Event) -> Void
    private let makeContext: @Sendable () -> WorkerPool<Stage>.Context
    private let inbox = Mutex<[Message]>([])
    private let ended = DispatchSemaphore(value: 0)

    init(
        wake: Wake, sink: any Sink, limits: PartitionWorker<Stage>.Limits, probe: StageProbe,
        observe: @escaping @Sendable (WorkerPool<Stage>.Event) -> Void,
        makeContext: @escaping @Sendable () -> WorkerPool<Stage>.Context
    ) {
        self.wake = wake
        self.sink = sink
        self.limits = limits
        self.probe = probe
        self.observe = observe
        self.makeContext = makeContext
    }

    func start(name: String) {
        let thread = Thread { self.run() }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    func send(_ message: Message) {
        inbox.withLock { $0.append(message) }
        wake.signal()
    }

    func join() { ended.wait() }

    // Compiled for the shoppers' stage as well: everything that a batch goes through is called from here.
    @specialized(where Stage == ShopperStage)
    private func run() {
        let context = makeContext()
        var members: [PartitionIndex: Member] = [:]
        var order: [PartitionIndex] = []
        var isStopping = false
        while !isStopping || !members.isEmpty {
            for message in inbox.withLock({ inbox in
                defer { inbox = [] }
                return inbox
            }) {
                switch message {
                case .assign(let assignment):
                    members[assignment.claim.fence.partition] = Member(worker: worker(for: assignment, context))
                case .release(let partition, let done):
                    members[partition]?.worker.drain()
                    if members[partition] == nil { done() } else { members[partition]?.releases.append(done) }
                case .stop:
                    isStopping = true
                }
                order = members.keys.sorted()
            }
            var hasMoved = false
            for partition in order {
                guard var member = members[partition] else { continue }
                if move(&member) { hasMoved = true }
                members[partition] = member
                if !member.releases.isEmpty, member.worker.isDrained {
                    members[partition] = nil
                    for done in member.releases { done() }
                }
            }
            if !hasMoved { wake.wait(upTo: WorkerThread.longestWait) }
        }
        ended.signal()
    }

    private func worker(
        for assignment: WorkerPool<Stage>.Assignment, _ context: WorkerPool<Stage>.Context
    ) -> PartitionWorker<Stage> {
        PartitionWorker(
            claim: assignment.claim, position: assignment.position, verifying: assignment.verifying,
            source: assignment.makeSource(), store: context.store, sink: sink, stage: context.stage,
            lease: assignment.lease, limits: limits, probe: probe)
    }

    /// Advances a worker by one step; true when it moved.
    private func move(_ member: inout Member) -> Bool {
        guard !member.isEnded else { return false }
        let partition = member.worker.partition
        let progress = member.worker.advance()
        if member.isRetrying, progress == .worked {
            member.isRetrying = false
            observe(.retrying(partition, nil))
        }
        switch progress {
        case .worked:
            return true
        case .idle, .waiting:
            return false
        case .retry(let error):
            if !member.isRetrying { observe(.retrying(partition, error)) }
            member.isRetrying = true
            return false
        case .lost:
            member.isEnded = true
            observe(.lost(partition))
            return false
        case .failed(let error):
            member.isEnded = true
            observe(.failed(partition, error))
            return false
        }
    }
}
