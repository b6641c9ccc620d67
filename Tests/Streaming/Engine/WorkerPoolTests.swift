import Commerce
import Streaming
import Synchronization
import Testing

@Suite("A pool of workers")
struct WorkerPoolTests {
    /// Wakes whoever waits for offsets to be reported.
    final class ReportingSource: PartitionSource {
        private let source: MemorySource
        private let reported: @Sendable (Offset) -> Void

        init(_ source: MemorySource, reported: @escaping @Sendable (Offset) -> Void) {
            self.source = source
            self.reported = reported
        }

        func take(limit: Int) throws(StreamError) -> [LogRecord] { try source.take(limit: limit) }

        func report(next: Offset) { reported(next) }
    }

    @Test("Partitions on several threads end with the states of one pass", arguments: [1, 3])
    func partitions(threads: Int) throws {
        let store = MemoryStateStore()
        let sink = MemorySink()
        let wakes = (0..<threads).map { _ in Wake() }
        let pool = WorkerPool<ChainStage>(
            wakes: wakes, sink: sink, limits: .init(batch: 7, batchesInFlight: 2, cachedStates: 3), probe: .silent,
            observe: { _ in }, makeContext: { .init(stage: ChainStage(), store: store) })
        pool.start()
        let length: Int64 = 100
        let finished = Mutex(0)
        let done = Wake()
        for index in 0..<Int32(5) {
            let partition = PartitionIndex(index)
            let claim = try store.claim(partition, nonce: Nonce(rawValue: 9), partitionCount: 5)
            pool.assign(
                .init(
                    claim: claim, position: Position(next: Offset(0), last: nil), verifying: false,
                    lease: Lease(isFresh: { true }),
                    makeSource: {
                        ReportingSource(MemorySource(Self.log(partition, length), from: Offset(0))) { next in
                            guard next == Offset(length) else { return }
                            finished.withLock { $0 += 1 }
                            done.signal()
                        }
                    }))
        }
        while finished.withLock({ $0 }) < 5 { done.wait(upTo: .seconds(10)) }
        pool.release((0..<5).map { PartitionIndex($0) }, within: .seconds(10))
        pool.stop()
        for index in 0..<Int32(5) {
            let pass = ChainStage.Pass(Self.log(PartitionIndex(index), length))
            #expect(store.contents(of: PartitionIndex(index)).values == pass.values)
        }
    }

    static func log(_ partition: PartitionIndex, _ length: Int64) -> [LogRecord] {
        (0..<length).map { offset in
            LogRecord(
                partition: partition, offset: Offset(offset), timestamp: EventTime(milliseconds: offset),
                key: Array("k\((offset * 7 + Int64(partition.rawValue)) % 11)".utf8),
                value: [UInt8(truncatingIfNeeded: offset)])
        }
    }
}
