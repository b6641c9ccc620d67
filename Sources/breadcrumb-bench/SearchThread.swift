import Foundation
import Retrieval
import Streaming
import Synchronization

/// Times of single searches, by the clock.
struct SearchTimes: Codable {
    let searches: Int
    let medianMicroseconds: Double
    let p99Microseconds: Double
    let longestMilliseconds: Double
    /// Processor time of a search, with that of taking and giving back its snapshot.
    let processorMicroseconds: Double
}

/// A thread that searches without pause, one user at a time, each search on the catalogue's newest snapshot.
final class SearchThread: Sendable {
    private struct Found {
        var nanoseconds: [Int64] = []
        var processor: Int64 = 0
        var error: (any Error)?
    }

    private let found = Mutex(Found())
    private let isStopping = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)

    /// Searches while `body` runs.
    ///
    /// - Parameter queries: [users, d], asked in turn.
    static func times(
        on catalogue: LiveCatalogue, queries: [Float], filter: ItemFilter, k: Int, while body: () throws -> Void
    ) throws -> SearchTimes {
        let search = SearchThread()
        let thread = Thread { search.run(catalogue, queries, filter, k) }
        thread.stackSize = 1 << 23
        thread.start()
        defer { search.stop() }
        try body()
        search.stop()
        let found = search.found.withLock { $0 }
        if let error = found.error { throw error }
        let sorted = found.nanoseconds.sorted()
        guard let longest = sorted.last else { throw CatalogueFault.noSearch }
        return SearchTimes(
            searches: sorted.count, medianMicroseconds: Double(sorted[sorted.count / 2]) / 1e3,
            p99Microseconds: Double(sorted[sorted.count * 99 / 100]) / 1e3, longestMilliseconds: Double(longest) / 1e6,
            processorMicroseconds: Double(found.processor) / Double(sorted.count) / 1e3)
    }

    /// Ends the thread and waits for it.
    private func stop() {
        guard !isStopping.exchange(true, ordering: .acquiringAndReleasing) else { return }
        ended.wait()
    }

    private func run(_ catalogue: LiveCatalogue, _ queries: [Float], _ filter: ItemFilter, _ k: Int) {
        let dimension = catalogue.snapshot.index.dimension
        let scratch = catalogue.snapshot.index.makeScratch()
        var mine = Found()
        mine.nanoseconds.reserveCapacity(1 << 20)
        do {
            // The filter is compiled by the first.
            try search(catalogue, queries, 0, dimension, filter, k, scratch)
            let processor = ProcessorTime.ofThisThread()
            var start = DispatchTime.now().uptimeNanoseconds
            while !isStopping.load(ordering: .acquiring) {
                let user = mine.nanoseconds.count % (queries.count / dimension)
                try search(catalogue, queries, user, dimension, filter, k, scratch)
                let end = DispatchTime.now().uptimeNanoseconds
                mine.nanoseconds.append(Int64(end - start))
                start = end
            }
            mine.processor = ProcessorTime.ofThisThread() - processor
        } catch { mine.error = error }
        found.withLock { $0 = mine }
        ended.signal()
    }

    private func search(
        _ catalogue: LiveCatalogue, _ queries: [Float], _ user: Int, _ dimension: Int, _ filter: ItemFilter, _ k: Int,
        _ scratch: InvertedScratch
    ) throws {
        _ = try catalogue.snapshot.index.search(
            queries: queries.span.extracting(user * dimension..<(user + 1) * dimension), k: k, filters: [filter],
            scratch: scratch)
    }
}
