import Commerce
import Evaluation
import Foundation
import Observability
import Retrieval
import Streaming
import Synchronization

/// What a live catalogue costs: its start, its changes beside searches, and a year of them.
struct CatalogueBenchmark {
    let shop: CatalogueShop
    let recall: Double
    let days: Int
    private let k = 20
    private let filter = ItemFilter(.inStock)
    /// Changes that are applied one by one, and in batches, of each kind.
    private let alone = 1_000
    private let batched = 20_000
    /// Records that the feed applies together at the start, and later at most.
    private let firstBatch = 20_000
    private let laterBatch = 1_000

    func run() throws -> CatalogueReport {
        let machine = Machine.here()
        let clock = ContinuousClock.now
        let before = ProcessStatistics.residentBytes()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = PlanFile(
            folder: folder.path, for: .init(model: shop.model.version, recall: recall, k: k),
            complain: { FileHandle.standardError.write(Data("\($0)\n".utf8)) })
        let plans = Atomic(0)
        let catalogue = try LiveCatalogue(model: shop.model, recall: recall, listSize: k, file: file) { _ in
            plans.add(1, ordering: .sequentiallyConsistent)
        }
        let planned = seconds(since: clock)
        var changes = Changes(catalogue: catalogue, shop: shop)
        var start = try start(&changes, planned: planned, residentBefore: before)
        var rows: [CatalogueReport.Change] = []
        let quiet = try times(catalogue) { pause() }
        for kind in Changes.Kind.allCases { rows.append(try measure(kind, &changes)) }
        let year = try live(&changes)
        let again = ContinuousClock.now
        _ = try LiveCatalogue(model: shop.model, recall: recall, listSize: k, file: file)
        start.keptSeconds = seconds(since: again)
        return CatalogueReport(
            date: Date().ISO8601Format(), machine: machine, items: shop.known, start: start, quiet: quiet,
            changes: rows, year: year,
            exchange: try exchange(&changes) { plans.load(ordering: .sequentiallyConsistent) })
    }

    /// Reads the whole catalogue as the feed does.
    private func start(
        _ changes: inout Changes, planned: Double, residentBefore: Double
    ) throws -> CatalogueReport.Start {
        var (decode, embed, apply) = (0.0, 0.0, 0.0)
        for first in stride(from: 0, to: shop.known, by: firstBatch) {
            let records = try (first..<min(first + firstBatch, shop.known)).map { try changes.record(shop.item($0)) }
            var clock = ContinuousClock.now
            let decoded = changes.decode(records)
            decode += seconds(since: clock)
            clock = .now
            embedOnce(decoded)
            embed += seconds(since: clock)
            clock = .now
            try changes.apply(decoded)
            apply += seconds(since: clock)
        }
        let index = changes.catalogue.snapshot.index
        guard index.count == shop.known else {
            throw CatalogueFault.count(found: index.count, wanted: shop.known)
        }
        return CatalogueReport.Start(
            planSeconds: planned, keptSeconds: 0, decodeSeconds: decode, embedSeconds: embed,
            indexSeconds: apply - embed,
            lists: index.partition.lists, version: index.version,
            vectorMegabytes: Double(shop.known * shop.model.dimension * 4) / 1e6,
            indexMegabytes: Double(index.vectorBytes) / 1e6,
            residentMegabytes: (ProcessStatistics.residentBytes() - residentBefore) / 1e6,
            processMegabytes: ProcessStatistics.residentBytes() / 1e6)
    }

    /// The part of `apply` that is the item tower's.
    private func embedOnce(_ changes: [CatalogueChange]) {
        let items = changes.compactMap { if case .upsert(let item) = $0 { item } else { nil } }
        var vectors = [Float](repeating: 0, count: items.count * shop.model.dimension)
        vectors.withUnsafeMutableBufferPointer { _ = shop.model.outputVectors(of: items, into: $0) }
    }

    /// Changes of one kind, one by one and in batches, beside searches.
    private func measure(_ kind: Changes.Kind, _ changes: inout Changes) throws -> CatalogueReport.Change {
        let single = try (0..<alone).map { _ in try [changes.next(kind)] }
        var (each, visible): ([Double], [Double]) = ([], [])
        var together = 0.0
        let some = try (0..<batched / laterBatch).map { _ in
            try (0..<laterBatch).map { _ in try changes.next(kind) }
        }
        let times = try times(changes.catalogue) {
            for change in single {
                let clock = ContinuousClock.now
                each.append(try microseconds { try changes.apply(changes.decode(change)) })
                visible.append(seconds(since: clock))
            }
            for batch in some { together += try microseconds { try changes.apply(changes.decode(batch)) } }
        }
        return CatalogueReport.Change(
            kind: kind.rawValue, aloneMicroseconds: median(each), batchedMicroseconds: together / Double(batched),
            longestMilliseconds: 1e3 * (visible.max() ?? 0), searches: times)
    }

    /// Days in each of which a hundredth of the items leave, as many come and a twentieth have other prices.
    private func live(_ changes: inout Changes) throws -> CatalogueReport.Year {
        let size = changes.catalogue.snapshot.index.count
        let indexBefore = Double(changes.catalogue.snapshot.index.vectorBytes) / 1e6
        let residentBefore = ProcessStatistics.residentBytes() / 1e6
        let before = try times(changes.catalogue) { pause() }
        var (count, spent) = (0, 0.0)
        let bar = ProgressBar("a year", total: days, unit: "days")
        for _ in 0..<days {
            for (kind, share) in [(Changes.Kind.withdrawal, 100), (.addition, 100), (.price, 20)] {
                for first in stride(from: 0, to: size / share, by: laterBatch) {
                    let batch = try (0..<min(laterBatch, size / share - first)).map { _ in try changes.next(kind) }
                    let clock = ContinuousClock.now
                    try changes.apply(changes.decode(batch))
                    spent += seconds(since: clock)
                    count += batch.count
                }
            }
            bar.advance(by: 1)
        }
        bar.finish()
        let index = changes.catalogue.snapshot.index
        guard index.count == size else { throw CatalogueFault.count(found: index.count, wanted: size) }
        let indexAfter = Double(index.vectorBytes) / 1e6
        return CatalogueReport.Year(
            days: days, changes: count, microsecondsPerChange: spent * 1e6 / Double(max(1, count)),
            indexMegabytes: [indexBefore, indexAfter],
            residentMegabytes: [residentBefore, ProcessStatistics.residentBytes() / 1e6],
            searches: [before, try times(changes.catalogue) { pause() }])
    }

    /// Lets the catalogue grow by half, and changes prices one at a time until the new plan is in force; nil of one that is too small for
    /// another plan.
    ///
    /// - Parameter plans: that there have been.
    private func exchange(_ changes: inout Changes, plans: () -> Int) throws -> CatalogueReport.Exchange? {
        let catalogue = changes.catalogue
        let before = plans()
        let first = IndexPlan.flat(dimension: shop.model.dimension, items: shop.known)
        guard first.isOutgrown(by: 3 * shop.known / 2 + 1) else { return nil }
        while 2 * catalogue.snapshot.index.count <= 3 * shop.known {
            try changes.apply(changes.decode((0..<laterBatch).map { _ in try changes.next(.addition) }))
        }
        let clock = ContinuousClock.now
        var (count, longest) = (0, 0.0)
        let times = try times(catalogue) {
            while plans() == before {
                let record = try changes.next(.price)
                let start = ContinuousClock.now
                try changes.apply(changes.decode([record]))
                longest = max(longest, seconds(since: start))
                count += 1
            }
        }
        let index = catalogue.snapshot.index
        return CatalogueReport.Exchange(
            items: index.count, lists: index.partition.lists, seconds: seconds(since: clock), changes: count,
            longestMilliseconds: 1e3 * longest, searches: times)
    }

    /// Lets the others work for five seconds.
    private func pause() { _ = DispatchSemaphore(value: 0).wait(timeout: .now() + 5) }

    private func times(_ catalogue: LiveCatalogue, while body: () throws -> Void) throws -> SearchTimes {
        try SearchThread.times(on: catalogue, queries: shop.queries, filter: filter, k: k, while: body)
    }
}

/// Seconds by the clock.
private func seconds(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start) / .seconds(1) }
