import Commerce

/// Moves one partition forward from the claim it was made with: take, load, compute, check the fence, produce, await
/// delivery, commit. It is a state machine whose every `advance` has at most one outside effect, so that a test can
/// stop it, or another worker can act, between any two of them.
///
/// A batch is committed only when all its records are delivered, and in order; while it waits the next one is computed
/// on top of it. A refused commit or a lost lease ends the worker for good, with its cache and everything in flight:
/// whoever still owns the partition claims it again and makes a new worker from the position returned.
public final class PartitionWorker<Stage: KeyedStage> {
    /// What a call of `advance` did.
    public enum Progress: Equatable, Sendable {
        /// Something moved: call again.
        case worked
        /// Nothing to read and nothing in flight.
        case idle
        /// Batches in flight wait for the sink, the lease or a draining end.
        case waiting
        /// The store or the log is away: the same step is tried again at the next call, which had better be later.
        case retry(StreamError)
        /// Another worker owns the partition, or the store has lost writes.
        case lost
        /// The partition cannot go on without someone's help.
        case failed(StreamError)
    }

    /// Bounds of a worker.
    public struct Limits: Sendable {
        /// Records of a micro-batch.
        public var batch: Int
        /// Micro-batches between computed and committed.
        public var batchesInFlight: Int
        /// States kept in memory, and as many shared records.
        public var cachedStates: Int

        public init(batch: Int, batchesInFlight: Int, cachedStates: Int) {
            self.batch = max(1, batch)
            self.batchesInFlight = max(1, batchesInFlight)
            self.cachedStates = cachedStates
        }
    }

    /// The sink gets a batch when fewer of the partition's records than this are on their way: librdkafka sends no more of a
    /// partition while there are as many, and spins as long as there is something that it might send.
    private static var fewRecords: Int { 5 }

    private enum Phase {
        case computed
        case checked
        case produced(any Delivery)
    }

    private struct Batch {
        var phase: Phase
        var expected: Offset?
        var position: Position
        var writes: [StateWrite]
        /// The index of each key's write.
        var writeOfKey: [StateKey: Int]
        var outcome: Outcome<Stage.Receipt>
    }

    /// The records of a batch as the stage reads them.
    private struct Decoded {
        var entries: [Entry<Stage.Input>] = []
        /// The distinct keys of the entries.
        var keys: [StateKey] = []
        var indexOfKey: [StateKey: Int] = [:]
        var refused: [OutputRecord] = []
        /// After the last record.
        var position: Position
    }

    public let partition: PartitionIndex
    private let fence: Fence
    private let source: any PartitionSource
    private let store: any StateStore
    private let sink: any Sink
    private let stage: Stage
    private let lease: Lease
    private let limits: Limits
    private let probe: StageProbe

    private var cache: StateCache<Stage.State>
    private var sharedCache: StateCache<Stage.Shared>
    private var inFlight: [Batch] = []
    /// What has been read and not computed yet.
    private var pending: Decoded?
    private var taken: LogEnd
    private var committed: Offset?
    private var draining = false
    /// Why no more batches can be computed.
    private var fault: StreamError?
    private var ended: Progress?

    /// A worker that goes on from `position`, which `claim` returned or, where it returned none, the configured start.
    ///
    /// - Parameter verifying: the source starts one record before `position.next`; that record is compared with
    ///   `position.last` and not applied.
    public init(
        claim: Claim, position: Position, verifying: Bool, source: any PartitionSource, store: any StateStore,
        sink: any Sink,
        stage: Stage, lease: Lease, limits: Limits, probe: StageProbe = .silent
    ) {
        partition = claim.fence.partition
        fence = claim.fence
        self.source = source
        self.store = store
        self.sink = sink
        self.stage = stage
        self.lease = lease
        self.limits = limits
        self.probe = probe
        cache = StateCache(capacity: limits.cachedStates)
        sharedCache = StateCache(capacity: limits.cachedStates)
        taken = LogEnd(partition: claim.fence.partition, position: position, isVerifying: verifying)
        committed = claim.position?.next
    }

    /// Takes no new records from now on, drops what has not been produced and finishes what has.
    public func drain() {
        draining = true
        pending = nil
        inFlight.removeAll { batch in
            if case .produced = batch.phase { false } else { true }
        }
    }

    /// Nothing is in flight.
    public var isDrained: Bool { inFlight.isEmpty || ended != nil }

    /// The next offset of the last commit, nil before the first.
    public var committedOffset: Offset? { committed }

    /// Does the next step.
    public func advance() -> Progress {
        if let ended { return ended }
        do throws(StreamError) {
            return try step()
        } catch {
            if error.code == .unavailable { return .retry(error) }
            return end(.failed(error))
        }
    }

    private func step() throws(StreamError) -> Progress {
        if committed == nil { return try establishStart() }
        if let first = inFlight.first, case .produced(let delivery) = first.phase {
            switch delivery.state {
            case .delivered: return try commit(first)
            case .failed(let error):
                guard error.code == .unavailable else { return end(.failed(error)) }
                // Not delivered in time: the same records go out again. What did arrive is a repeat to its readers.
                inFlight[0].phase = .computed
                return .retry(error)
            case .pending: break
            }
        }
        var onTheWay = 0
        search: for index in inFlight.indices {
            switch inFlight[index].phase {
            case .produced(let delivery):
                if delivery.state == .pending { onTheWay += inFlight[index].outcome.records.count }
            case .computed where onTheWay < Self.fewRecords: return try checkFence(index)
            case .checked where onTheWay < Self.fewRecords: return try produce(index)
            case .computed, .checked: break search
            }
        }
        if let fault {
            guard inFlight.isEmpty else { return .waiting }
            return end(.failed(fault))
        }
        guard !draining, inFlight.count < limits.batchesInFlight else { return inFlight.isEmpty ? .idle : .waiting }
        do throws(StreamError) {
            return try compute() ?? (inFlight.isEmpty ? .idle : .waiting)
        } catch {
            // What is in flight is sound and gets committed before the partition stops.
            guard error.code != .unavailable else { throw error }
            fault = error
            return .worked
        }
    }

    private func end(_ progress: Progress) -> Progress {
        ended = progress
        inFlight = []
        pending = nil
        cache = StateCache(capacity: 0)
        sharedCache = StateCache(capacity: 0)
        return progress
    }

    /// Fixes the configured start in the store before anything is read, so that a worker that dies before its first
    /// batch leaves its successor the same start.
    private func establishStart() throws(StreamError) -> Progress {
        let commit = Commit(fence: fence, expected: nil, position: taken.position, writes: [])
        guard try store.commit(commit) == .applied else { return end(.lost) }
        committed = taken.position.next
        return .worked
    }

    private func commit(_ batch: Batch) throws(StreamError) -> Progress {
        let commit = Commit(fence: fence, expected: batch.expected, position: batch.position, writes: batch.writes)
        let outcome = try probe.time(.commit) { () throws(StreamError) in try store.commit(commit) }
        guard outcome == .applied else { return end(.lost) }
        inFlight.removeFirst()
        committed = batch.position.next
        source.report(next: batch.position.next)
        stage.committed(batch.outcome.receipt)
        return .worked
    }

    private func checkFence(_ index: Int) throws(StreamError) -> Progress {
        guard try probe.time(.fence, { () throws(StreamError) in try store.holds(fence, expected: committed) }) else {
            return end(.lost)
        }
        inFlight[index].phase = .checked
        return .worked
    }

    private func produce(_ index: Int) throws(StreamError) -> Progress {
        if lease.isRevoked { return end(.lost) }
        guard lease.isValid else {
            inFlight[index].phase = .computed
            return .waiting
        }
        let records = inFlight[index].outcome.records
        let delivery = try probe.time(.produce) { () throws(StreamError) in try sink.produce(records) }
        inFlight[index].phase = .produced(delivery)
        return .worked
    }

    /// Reads and computes one batch; nil where nothing is here to read.
    private func compute() throws(StreamError) -> Progress? {
        if pending == nil { pending = try read() }
        guard let batch = pending else { return nil }
        guard var (states, shared) = try probe.time(.load, { () throws(StreamError) in try load(batch) }) else {
            return end(.lost)
        }
        var outcome = try probe.time(.apply) { () throws(StreamError) in
            try stage.apply(batch.entries, to: &states, sharing: &shared)
        }
        outcome.records.append(contentsOf: batch.refused)
        var writes: [StateWrite] = []
        var writeOfKey = batch.indexOfKey
        probe.time(.encode) {
            writes.reserveCapacity(batch.keys.count)
            for (index, key) in batch.keys.enumerated() {
                writes.append(StateWrite(key: key, value: stage.store(states[index])))
            }
            for (place, key) in shared.keys.enumerated() where shared.isChanged[place] {
                writeOfKey[key] = writes.count
                writes.append(StateWrite(key: key, value: stage.storeShared(shared[place])))
            }
        }
        for key in batch.keys.reversed() { cache.put(key, states.removeLast()) }
        for (key, record) in zip(shared.keys, shared.records) { sharedCache.put(key, record) }

        let position = batch.position
        inFlight.append(
            Batch(
                phase: .computed, expected: inFlight.last?.position.next ?? committed, position: position,
                writes: writes, writeOfKey: writeOfKey, outcome: outcome))
        taken.position = position
        pending = nil
        return .worked
    }

    /// The next records, decoded; nil where none are here. The bytes are given back at once, while they are at hand.
    private func read() throws(StreamError) -> Decoded? {
        let records = try taken.admit(source.take(limit: limits.batch))
        guard let last = records.last else { return nil }
        probe.batch(records.count)
        return probe.time(.decode) { decode(records, Position(next: last.offset.next, last: last.applied)) }
    }

    private func decode(_ records: [LogRecord], _ position: Position) -> Decoded {
        var batch = Decoded(position: position)
        batch.entries.reserveCapacity(records.count)
        for record in records {
            switch stage.decode(record) {
            case .refused(let letter):
                batch.refused.append(letter)
            case .keyed(let key, let input):
                let state = batch.indexOfKey[key] ?? batch.keys.count
                if state == batch.keys.count {
                    batch.keys.append(key)
                    batch.indexOfKey[key] = state
                }
                batch.entries.append(
                    Entry(
                        input: input, state: state, offset: record.offset, partition: partition,
                        timestamp: record.timestamp))
            }
        }
        return batch
    }

    /// The states of a batch and the records that they share; nil where the partition is lost.
    private func load(
        _ batch: Decoded
    ) throws(StreamError) -> (states: [Stage.State], shared: SharedRecords<Stage.Shared>)? {
        guard let states = try load(batch.keys, &cache, stage.restore) else { return nil }
        let keys = stage.sharedKeys(of: batch.entries, states: states)
        guard let records = try load(keys, &sharedCache, stage.restoreShared) else { return nil }
        return (states, SharedRecords(keys: keys, records: records))
    }

    /// The records of `keys`: from memory, from the batches in flight, or from the store; nil where the partition is lost.
    ///
    /// A record that left the cache while its write is still in flight must not be read from the store, which does not
    /// have it yet. What is taken from memory is the batch's own from then on; should the batch fail, it is read again.
    private func load<Record>(
        _ keys: [StateKey], _ cache: inout StateCache<Record>,
        _ restore: ([UInt8]?, StateKey) throws(StreamError) -> Record
    ) throws(StreamError) -> [Record]? {
        var records = [Record?](repeating: nil, count: keys.count)
        var missing: [Int] = []
        for (index, key) in keys.enumerated() {
            if let record = cache.take(key) {
                records[index] = consume record
            } else if let bytes = writeInFlight(key) {
                records[index] = try restore(bytes, key)
            } else {
                missing.append(index)
            }
        }
        if !missing.isEmpty {
            let wanted = missing.map { keys[$0] }
            guard let stored = try store.load(fence, expected: committed, keys: wanted) else { return nil }
            for (index, bytes) in zip(missing, stored) { records[index] = try restore(bytes, keys[index]) }
        }
        // Moved over: a copy left here would make each change of a record copy its arrays.
        var complete: [Record] = []
        complete.reserveCapacity(keys.count)
        for index in records.indices { if let record = records[index].take() { complete.append(consume record) } }
        return complete
    }

    private func writeInFlight(_ key: StateKey) -> [UInt8]? {
        for batch in inFlight.reversed() {
            if let write = batch.writeOfKey[key] { return batch.writes[write].value }
        }
        return nil
    }
}
