import Commerce
import Streaming
import Testing

/// Two workers, a log, a sink and a store that may lose its last writes, moved by a random schedule, one effect at a
/// time. The workers are the engine's own.
struct Simulation {
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    /// What each kind of fault did happen, so that a schedule without faults is noticed.
    struct Tally {
        var commits = 0
        var refusals = 0
        var lostWrites = 0
        var zombies = 0
        var crashes = 0
        var lateLists = 0
    }

    final class Process {
        let worker: PartitionWorker<ChainStage>
        let lease: Lease
        let fence: Fence

        init(worker: PartitionWorker<ChainStage>, lease: Lease, fence: Fence) {
            self.worker = worker
            self.lease = lease
            self.fence = fence
        }
    }

    static let partition = PartitionIndex(0)
    var random: Random
    var log: [LogRecord] = []
    let store = MemoryStateStore()
    let sink = ManualSink()
    var copies: [MemoryStateStore.Contents] = []
    var owner: Process?
    /// Workers that lost the partition and were not told: frozen, then moving again.
    var zombies: [Process] = []
    var tally = Tally()

    init(seed: UInt64) {
        random = Random(state: seed)
        append(20)
    }

    mutating func append(_ count: Int) {
        for _ in 0..<count {
            let offset = Offset(Int64(log.count))
            let broken = Int.random(in: 0..<20, using: &random) == 0
            log.append(
                LogRecord(
                    partition: Simulation.partition, offset: offset,
                    timestamp: EventTime(milliseconds: offset.rawValue * 7),
                    key: Array("k\(Int.random(in: 0..<5, using: &random))".utf8),
                    value: broken ? nil : [UInt8.random(in: 0...255, using: &random)]))
        }
    }

    mutating func claim() throws {
        let nonce = Nonce(rawValue: random.next())
        let claim = try store.claim(Simulation.partition, nonce: nonce, partitionCount: 1)
        let position = claim.position ?? Position(next: Offset(0), last: nil)
        let verifying = position.last != nil
        let start = Offset(position.next.rawValue - (verifying ? 1 : 0))
        let lease = Lease(isFresh: { true })
        owner = Process(
            worker: PartitionWorker(
                claim: claim, position: position, verifying: verifying, source: MemorySource(log, from: start),
                store: store, sink: sink, stage: ChainStage(), lease: lease,
                limits: .init(
                    batch: Int.random(in: 1...6, using: &random),
                    batchesInFlight: Int.random(in: 1...3, using: &random),
                    cachedStates: Int.random(in: 0...4, using: &random))),
            lease: lease, fence: claim.fence)
        copies.append(store.contents(of: Simulation.partition))
    }

    /// One random action.
    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<55:
            guard let process = owner else { return try claim() }
            if try advance(process) { owner = nil }
        case 55..<68:
            guard let index = zombies.indices.randomElement(using: &random) else { return }
            tally.zombies += 1
            if try advance(zombies[index]) { zombies.remove(at: index) }
        case 68..<86:
            let waiting = sink.waiting
            if waiting > 0 { sink.deliver(Int.random(in: 0..<waiting, using: &random)) }
        case 86..<90:
            append(Int.random(in: 1...5, using: &random))
        case 90..<93:
            // The group gives the partition to another process; this one hears of it, or is frozen and does not.
            guard let process = owner else { return }
            if Bool.random(using: &random) {
                process.lease.revoke()
                process.worker.drain()
            }
            zombies.append(process)
            owner = nil
        case 93..<96:
            guard owner != nil else { return }
            tally.crashes += 1
            owner = nil
        default:
            guard copies.count > 1 else { return }
            tally.lostWrites += 1
            copies.removeLast(Int.random(in: 1...min(3, copies.count - 1), using: &random))
            if let last = copies.last { store.restore(last, of: Simulation.partition) }
        }
    }

    /// Advances a worker by one effect and checks what a commit left; true when the worker has ended.
    mutating func advance(_ process: Process) throws -> Bool {
        let before = store.contents(of: Simulation.partition)
        let waiting = sink.waiting
        let progress = process.worker.advance()
        if sink.waiting > waiting, before.nonce != process.fence.nonce { tally.lateLists += 1 }
        let after = store.contents(of: Simulation.partition)
        if after != before {
            tally.commits += 1
            copies.append(after)
            checkStore()
        }
        switch progress {
        case .lost:
            tally.refusals += 1
            return true
        case .failed(let error):
            Issue.record("the partition failed: \(error)")
            return true
        case .worked, .idle, .waiting, .retry:
            return false
        }
    }

    /// Lets one worker finish the whole log.
    mutating func finish() throws {
        zombies = []
        owner = nil
        try claim()
        for _ in 0..<(40 * log.count) {
            guard let process = owner else {
                try claim()
                continue
            }
            if try advance(process) {
                owner = nil
                continue
            }
            while sink.waiting > 0 { sink.deliver() }
        }
    }

    /// One pass over the log up to `next`.
    func oracle(next: Offset) -> ChainStage.Pass { ChainStage.Pass(log.lazy.filter { $0.offset < next }) }

    /// States and shared records are those of one pass up to the committed offset, and every key's last event has its list
    /// out.
    func checkStore() {
        let contents = store.contents(of: Simulation.partition)
        guard let position = contents.position else { return }
        let pass = oracle(next: position.next)
        #expect(contents.values == pass.values)
        let lists = Set(sink.arrived.filter { $0.destination == .lists }.compactMap(\.key).map(ChainStage.offset(of:)))
        for (key, list) in pass.lists {
            #expect(
                lists.contains(list.offset), "no list of \(key) at \(list.offset), committed up to \(position.next)")
        }
    }

    /// What consumers read: equal identity means equal bytes, nothing refused is lost, and the highest offset of each
    /// key is its newest list.
    func checkOutput() {
        var byOffset: [Offset: [UInt8]] = [:]
        for record in sink.arrived where record.destination == .lists {
            guard let key = record.key, let value = record.value else { continue }
            let offset = ChainStage.offset(of: key)
            #expect(byOffset[offset, default: value] == value, "two lists of one identity differ at \(offset)")
            byOffset[offset] = value
        }
        for list in oracle(next: Offset(Int64(log.count))).lists.values {
            #expect(byOffset[list.offset] == list.bytes)
        }
        let letters = Set(
            sink.arrived.filter { $0.destination == .deadLetters }.compactMap(\.value).map(ChainStage.offset(of:)))
        #expect(letters == Set(log.filter { ChainStage.decode($0) == nil }.map(\.offset)))
        #expect(store.contents(of: Simulation.partition).position?.next == Offset(Int64(log.count)))
    }
}
