import Commerce
import Foundation
import LinearAlgebra
import Retrieval

/// One measured line: searches under a filter.
struct FilterRow: Codable, CustomStringConvertible {
    /// `none`, `price` (independent of the vectors) or `departments` (items that lie together).
    var filter: String
    var items: Int
    /// Share of the items that pass.
    var share: Double
    /// Lists that a search looks into, on average.
    var looks: Double
    /// Share of the exact top 20 that is found, and of full lists.
    var recall: Double
    var full: Double
    /// CPU time per user of one thread, the median of the rounds: of the index alone, and in batches of 64.
    var alone: Double
    var batched: Double
    /// Against a search without a filter in the same run.
    var ratio: Double
    /// The same lists by the exact index, which asks every item of sufficient score, in batches of 64.
    var exact: Double
    /// Compiling the filter for the whole index.
    var compileMilliseconds: Double

    var description: String {
        filter.padding(toLength: 13, withPad: " ", startingAt: 0)
            + String(
                format:
                    "%8d items %6.2f%% pass %6.1f lists  recall %.4f  full %.4f %9.2f µs alone %8.2f µs batched %6.2f× %10.1f µs exact %8.2f ms to compile",
                items, 100 * share, looks, recall, full, alone, batched, ratio, exact, compileMilliseconds)
    }
}

/// Searches under filters that let half, one in twenty and one in two hundred pass, with a plan tuned as a service tunes it.
struct FilterBenchmark {
    let vectors: RetrievalVectors
    let rounds: Int
    let recall: Double
    private let k = 20
    private let batch = 64
    /// Users of the sample that the plan is tuned on, and other users who are measured.
    private let sample = 1024
    private let measured = 512
    private static let departments = 200

    private var d: Int { vectors.dimension }

    func run(items count: Int) throws -> [FilterRow] {
        Blas.useCallingThreadOnly()
        let (exact, index) = try indexes(count)
        var rows: [FilterRow] = []
        for (name, filter) in Self.filters {
            var row = try measure(name, filter, index, exact)
            if let first = rows.first { row.ratio = row.batched / first.batched }
            rows.append(row)
        }
        return rows
    }

    private static var filters: [(String, ItemFilter?)] {
        [
            ("none", nil), ("price", ItemFilter(.price(0...500))), ("price", ItemFilter(.price(0...50))),
            ("price", ItemFilter(.price(0...5))), ("departments", departments(100)), ("departments", departments(10)),
            ("departments", departments(1)),
        ]
    }

    /// Every so-many-eth department, from the middle of the first stretch.
    private static func departments(_ count: Int) -> ItemFilter {
        let step = departments / count
        return ItemFilter(.any((0..<count).map { .category(["department \($0 * step + step / 2)"]) }))
    }

    /// The items, each with a price from 0 to 1,000 and in the department of its nearest centre, in an index of a service and the
    /// exact one.
    private func indexes(_ count: Int) throws -> (exact: ExactIndex, index: InvertedIndex) {
        let items = vectors.items(count)
        let centres = Partition.train(items.span, dimension: d, lists: Self.departments)
        let departments = centres.lists(of: items.span)
        var exact = ExactIndex(dimension: d)
        var flat = IndexPlan.flat(dimension: d, items: count).index
        for number in 0..<count {
            let attributes = ItemAttributes(
                profile: .init(category: ["department \(departments[number])"]),
                price: Float(number * 7919 % count) / Float(count) * 1000)
            let (item, vector) = (ItemID("item-\(number)"), items.span.extracting(number * d..<(number + 1) * d))
            try exact.upsert(item, vector, attributes, number: Int32(number))
            try flat.upsert(item, vector, attributes, number: Int32(number))
        }
        let users = Array(vectors.users.suffix(sample * d))
        return (exact, try IndexPlan.make(for: flat, users: users, recall: recall, k: k).index)
    }

    private func measure(
        _ name: String, _ filter: ItemFilter?, _ index: InvertedIndex, _ exact: ExactIndex
    ) throws -> FilterRow {
        let users = min(measured, vectors.users.count / d - sample)
        let scratch = index.makeScratch()
        let compiling = try microseconds { _ = try search(index, filter, users: 1, batch: 1, scratch) }
        let before = scratch.looks
        let found = try search(index, filter, users: users, batch: batch, scratch)
        let looks = scratch.looks - before
        let again = try microseconds { _ = try search(index, filter, users: 1, batch: 1, scratch) }
        var truth: [[ScoredItem]] = []
        let exactTime = try microseconds {
            truth = try search(exact, filter, users: users, batch: batch, exact.makeScratch())
        }
        let passing = filter.map { filter in
            (0..<index.count).count { number in
                let item = ItemID("item-\(number)")
                return index.attributes(of: item).map { filter.condition.holds(for: item, $0, isNew: false) } ?? false
            }
        }
        let hits = zip(found, truth).reduce(0) { $0 + Set($1.0.map(\.item)).intersection($1.1.map(\.item)).count }
        func cost(_ batch: Int) throws -> Double {
            median(
                try (0..<rounds).map { _ in
                    try microseconds { _ = try search(index, filter, users: users, batch: batch, scratch) }
                        / Double(users)
                })
        }
        return FilterRow(
            filter: name, items: index.count, share: Double(passing ?? index.count) / Double(index.count),
            looks: Double(looks) / Double(users),
            recall: Double(hits) / Double(max(1, truth.reduce(0) { $0 + $1.count })),
            full: Double(zip(found, truth).count { $0.count == $1.count }) / Double(users), alone: try cost(1),
            batched: try cost(batch), ratio: 1, exact: exactTime / Double(users),
            compileMilliseconds: max(0, compiling - again) / 1000)
    }

    private func search<Index: ItemIndex>(
        _ index: Index, _ filter: ItemFilter?, users: Int, batch: Int, _ scratch: Index.Scratch
    ) throws -> [[ScoredItem]] {
        var lists: [[ScoredItem]] = []
        for first in stride(from: 0, to: users, by: batch) {
            let some = first..<min(first + batch, users)
            lists += try index.search(
                queries: vectors.users.span.extracting(some.lowerBound * d..<some.upperBound * d), k: k,
                filters: filter.map { [ItemFilter](repeating: $0, count: some.count) } ?? [], scratch: scratch)
        }
        return lists
    }
}
