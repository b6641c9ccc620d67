import Bytes
import Commerce
import Streaming
import Synchronization
import Testing

@Suite("A partition's worker")
struct PartitionWorkerTests {
    static let partition = PartitionIndex(3)

    static func record(_ offset: Int64, key: String = "k", value: [UInt8]? = [1]) -> LogRecord {
        LogRecord(
            partition: partition, offset: Offset(offset), timestamp: EventTime(milliseconds: offset),
            key: Array(key.utf8), value: value)
    }

    /// A worker on its own store and sink.
    struct Bench {
        let store: MemoryStateStore
        let sink = ManualSink()
        let stage = ChainStage()
        let lease: Lease
        let fence: Fence
        let worker: PartitionWorker<ChainStage>

        init(
            _ records: [LogRecord], position: Position? = nil, verifying: Bool = false,
            store: MemoryStateStore = MemoryStateStore(), unreliable: UnreliableStore? = nil, isFresh: Bool = true,
            batch: Int = 2, inFlight: Int = 2
        ) throws {
            self.store = store
            let claim = try store.claim(partition, nonce: Nonce(rawValue: 1), partitionCount: 8)
            fence = claim.fence
            lease = Lease(isFresh: { isFresh })
            let position = position ?? claim.position ?? Position(next: Offset(0), last: nil)
            worker = PartitionWorker(
                claim: claim, position: position, verifying: verifying,
                source: MemorySource(records, from: Offset(position.next.rawValue - (verifying ? 1 : 0))),
                store: unreliable ?? store, sink: sink, stage: stage, lease: lease,
                limits: .init(batch: batch, batchesInFlight: inFlight, cachedStates: 10))
        }

        /// Advances until nothing moves, delivering what is produced.
        @discardableResult
        func run() -> PartitionWorker<ChainStage>.Progress {
            for _ in 0..<1_000 {
                let progress = worker.advance()
                if progress == .worked { continue }
                guard sink.waiting > 0 else { return progress }
                sink.deliver()
            }
            return .idle
        }
    }

    /// A store that fails when the test says so.
    final class UnreliableStore: StateStore {
        let store: MemoryStateStore
        var isAway = false
        /// Happens before each load.
        var beforeLoad: () throws -> Void = {}

        init(_ store: MemoryStateStore) { self.store = store }

        private func check() throws(StreamError) {
            if isAway { throw StreamError(.unavailable, "away") }
        }

        func claim(_ partition: PartitionIndex, nonce: Nonce, partitionCount: Int) throws(StreamError) -> Claim {
            try check()
            return try store.claim(partition, nonce: nonce, partitionCount: partitionCount)
        }

        func holds(_ fence: Fence, expected: Offset?) throws(StreamError) -> Bool {
            try check()
            return try store.holds(fence, expected: expected)
        }

        func load(_ fence: Fence, expected: Offset?, keys: [StateKey]) throws(StreamError) -> [[UInt8]?]? {
            try check()
            do { try beforeLoad() } catch { throw StreamError(.permanent, "\(error)") }
            return try store.load(fence, expected: expected, keys: keys)
        }

        func commit(_ commit: Commit) throws(StreamError) -> CommitOutcome {
            try check()
            return try store.commit(commit)
        }
    }

    @Test("The start is fixed in the store before anything is read")
    func start() throws {
        let bench = try Bench([], position: Position(next: Offset(40), last: nil))
        #expect(bench.run() == .idle)
        #expect(bench.store.contents(of: Self.partition).position == Position(next: Offset(40), last: nil))
    }

    @Test("Nothing is committed before it is delivered, and batches commit in order")
    func order() throws {
        let bench = try Bench((0..<4).map { Self.record($0) })
        while bench.worker.advance() == .worked {}
        #expect(bench.sink.waiting == 2)
        bench.sink.deliver(1)
        #expect(bench.worker.advance() == .waiting)
        #expect(bench.worker.committedOffset == Offset(0))
        bench.sink.deliver()
        #expect(bench.run() == .idle)
        #expect(bench.worker.committedOffset == Offset(4))
        #expect(bench.stage.committedBatches == 2)
    }

    @Test("A batch is computed, and not handed over, while many records of the one before are on their way")
    func ahead() throws {
        let records = (0..<12).map { Self.record($0, key: "k\($0)") }
        let bench = try Bench(records, batch: 6)
        for committed in [Offset(0), Offset(6)] {
            while bench.worker.advance() == .worked {}
            #expect(bench.stage.decoded == 12)
            #expect(bench.sink.waiting == 1)
            #expect(bench.worker.committedOffset == committed)
            bench.sink.deliver()
        }
        #expect(bench.run() == .idle)
        #expect(bench.worker.committedOffset == Offset(12))
    }

    @Test("A gap in the log stops the partition and commits nothing beyond it")
    func gap() throws {
        let bench = try Bench([Self.record(0), Self.record(1), Self.record(3)])
        guard case .failed(let error) = bench.run() else {
            Issue.record("the gap was not noticed")
            return
        }
        #expect(error.code == .logDiverged)
        #expect(error.message.contains("expected offset 2, read 3"))
        #expect(bench.store.contents(of: Self.partition).position?.next == Offset(2))
    }

    @Test("A log that differs from what the state has seen is noticed", arguments: [true, false])
    func verification(isSame: Bool) throws {
        let log = (0..<4).map { Self.record($0, value: [UInt8($0)]) }
        let store = MemoryStateStore()
        try Bench(Array(log[..<2]), store: store).run()
        let changed = isSame ? log : log.map { Self.record($0.offset.rawValue, value: [9]) }
        let bench = try Bench(changed, verifying: true, store: store)
        let progress = bench.run()
        if isSame {
            #expect(progress == .idle)
            #expect(bench.worker.committedOffset == Offset(4))
        } else {
            guard case .failed(let error) = progress else {
                Issue.record("the other log was taken")
                return
            }
            #expect(error.code == .logDiverged)
            #expect(store.contents(of: Self.partition).position?.next == Offset(2))
        }
    }

    @Test("A delivery that fails for good stops the partition")
    func failedDelivery() throws {
        let bench = try Bench([Self.record(0)])
        while bench.worker.advance() == .worked {}
        bench.sink.fail(StreamError(.permanent, "too large"))
        #expect(bench.worker.advance() == .failed(StreamError(.permanent, "too large")))
        #expect(bench.store.contents(of: Self.partition).position?.next == Offset(0))
    }

    @Test("A delivery that timed out goes out again and is then committed")
    func repeatedDelivery() throws {
        let bench = try Bench((0..<4).map { Self.record($0) })
        while bench.worker.advance() == .worked {}
        bench.sink.fail(StreamError(.unavailable, "timed out"))
        #expect(bench.worker.advance() == .retry(StreamError(.unavailable, "timed out")))
        #expect(bench.run() == .idle)
        #expect(bench.worker.committedOffset == Offset(4))
        #expect(Set(bench.sink.arrived.compactMap(\.key)) == Set([1, 3].map { ChainStage.bytes(of: Offset($0)) }))
    }

    @Test("A stale lease produces nothing; a revoked one ends the worker")
    func lease() throws {
        let stale = try Bench([Self.record(0)], isFresh: false)
        for _ in 0..<20 { _ = stale.worker.advance() }
        #expect(stale.sink.waiting == 0)
        let revoked = try Bench([Self.record(0)])
        revoked.lease.revoke()
        #expect(revoked.run() == .lost)
        #expect(revoked.sink.arrived.isEmpty)
    }

    @Test("A store that is away holds the batch; nothing is lost or doubled when it is back")
    func retry() throws {
        let store = MemoryStateStore()
        let unreliable = UnreliableStore(store)
        let log = (0..<9).map { Self.record($0, key: "k\($0 % 3)") }
        let bench = try Bench(log, store: store, unreliable: unreliable)
        var turns = 0
        for turn in 0..<2_000 {
            unreliable.isAway = turn % 3 != 0
            let progress = bench.worker.advance()
            if case .failed = progress { Issue.record("failed: \(progress)") }
            if bench.sink.waiting > 0 { bench.sink.deliver() }
            if bench.worker.committedOffset == Offset(9) { break }
            turns += 1
        }
        #expect(turns > 20)
        #expect(store.contents(of: Self.partition).values == ChainStage.Pass(log).values)
    }

    @Test("What a batch had taken from memory when its load failed is there again when the store is")
    func failedLoad() throws {
        let store = MemoryStateStore()
        let unreliable = UnreliableStore(store)
        let log = ["a", "b", "a", "c", "a", "b"].enumerated().map { Self.record(Int64($0), key: $1) }
        let bench = try Bench(log, store: store, unreliable: unreliable)
        while bench.sink.waiting == 0 { #expect(bench.worker.advance() == .worked) }
        // The second batch finds "a" in memory, and its last write is not committed yet; "c" has to be read.
        unreliable.isAway = true
        for _ in 0..<3 { #expect(bench.worker.advance() == .retry(StreamError(.unavailable, "away"))) }
        #expect(bench.worker.committedOffset == Offset(0))
        unreliable.isAway = false
        #expect(bench.run() == .idle)
        #expect(bench.worker.committedOffset == Offset(6))
        #expect(store.contents(of: Self.partition).values == ChainStage.Pass(log).values)
        #expect(bench.stage.decoded == log.count, "a record is decoded once, and a dead letter made once")
    }

    @Test("A partition that another takes between the loads of states and shared records is lost")
    func lostBetweenLoads() throws {
        let store = MemoryStateStore()
        let unreliable = UnreliableStore(store)
        let bench = try Bench([Self.record(0)], store: store, unreliable: unreliable)
        var loads = 0
        unreliable.beforeLoad = {
            loads += 1
            if loads == 2 { _ = try store.claim(Self.partition, nonce: Nonce(rawValue: 2), partitionCount: 8) }
        }
        #expect(bench.run() == .lost)
        #expect(loads == 2)
        #expect(bench.sink.arrived.isEmpty)
    }

    @Test("Draining drops what is not produced and finishes what is")
    func draining() throws {
        let bench = try Bench((0..<6).map { Self.record($0) }, inFlight: 3)
        while bench.sink.waiting == 0 { #expect(bench.worker.advance() == .worked) }
        #expect(bench.worker.advance() == .worked)
        bench.worker.drain()
        #expect(!bench.worker.isDrained)
        #expect(bench.run() == .idle)
        #expect(bench.worker.isDrained)
        #expect(bench.store.contents(of: Self.partition).position?.next == Offset(2))
    }
}
