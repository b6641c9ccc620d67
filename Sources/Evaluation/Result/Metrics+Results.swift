import Foundation

extension Metrics {
    /// The figures of a method's answers.
    ///
    /// - Parameters:
    ///   - results: the answers to a split's queries, at least one.
    ///   - items: number of items in the log.
    ///   - seed: of the resamples.
    public init(_ results: [QueryResult], split: Split, items: Int, seed: UInt64 = 1) {
        let table = FigureTable(results, split: split)
        let bootstrap = Bootstrap(seed: seed)
        let resampled = bootstrap.sums(of: table.sums, columns: FigureTable.width)
        func estimate(_ figure: Int, per count: Int) -> Estimate? {
            let queries = table.total(count)
            guard queries > 0 else { return nil }
            let shares = (0..<Bootstrap.resamples).map { row in
                Double(resampled[row * FigureTable.width + figure]) / Double(resampled[row * FigureTable.width + count])
            }
            let (low, high) = Bootstrap.interval(shares)
            return Estimate(value: table.total(figure) / queries, low: low, high: high, queries: Int(queries))
        }
        func buckets(_ ends: [Int], from first: Int) -> [Bucket] {
            zip(Bucketing.labels(ends), 0...).map { label, index in
                Bucket(label: label, recall: estimate(first + 2 * index + 1, per: first + 2 * index))
            }
        }
        let none = Estimate(value: 0, low: 0, high: 0, queries: 0)
        self.init(
            queries: results.count, users: table.users.count,
            recallAt10: estimate(1, per: 0) ?? none, recallAt20: estimate(2, per: 0) ?? none,
            ndcgAt10: estimate(3, per: 0) ?? none, mrr: estimate(4, per: 0) ?? none,
            coverageAt10: Self.coverage(results, users: table.users, items: items, bootstrap: bootstrap),
            coldItems: estimate(6, per: 5), coldUsers: estimate(8, per: 7),
            byHistory: buckets(Bucketing.history, from: FigureTable.historyFrom),
            byPopularity: buckets(Bucketing.popularity, from: FigureTable.popularityFrom))
    }

    /// Coverage is no mean: a resample, which leaves out a third of the users, always shows fewer items. So the interval is
    /// the resamples' percentiles, moved by their mean's distance from the figure itself.
    private static func coverage(
        _ results: [QueryResult], users: [Int32: Int], items: Int, bootstrap: Bootstrap
    ) -> Estimate {
        var shown = [[Int32]](repeating: [], count: users.count)
        for result in results { shown[users[result.query.user] ?? 0] += result.top.prefix(10) }
        for user in shown.indices { shown[user] = Array(Set(shown[user])) }
        let total = Double(max(1, items))
        let value = Double(Set(shown.joined()).count) / total
        var shares = [Double](repeating: 0, count: Bootstrap.resamples)
        var stamps = [Int32](repeating: -1, count: items)
        bootstrap.forEachResample(users: users.count) { resample, draws in
            var count = 0
            for (user, draw) in zip(shown.indices, draws) where draw > 0 {
                for item in shown[user] where stamps[Int(item)] != Int32(resample) {
                    stamps[Int(item)] = Int32(resample)
                    count += 1
                }
            }
            shares[resample] = Double(count) / total
        }
        let shift = value - shares.reduce(0, +) / Double(Bootstrap.resamples)
        let (low, high) = Bootstrap.interval(shares)
        return Estimate(
            value: value, low: max(0, low + shift), high: min(1, high + shift), queries: results.count)
    }
}

extension Lift {
    /// How `method` stands to `baseline`: both the answers to the same queries, in the same order.
    public init(_ method: [QueryResult], over baseline: [QueryResult], seed: UInt64 = 1) {
        precondition(
            method.count == baseline.count && zip(method, baseline).allSatisfy { $0.query.row == $1.query.row },
            "a lift compares answers to the same queries")
        let users = FigureTable.users(of: method)
        var sums = [Float](repeating: 0, count: 2 * users.count)
        for (own, other) in zip(method, baseline) {
            let user = users[own.query.user] ?? 0
            sums[2 * user] += own.rank <= 10 ? 1 : 0
            sums[2 * user + 1] += other.rank <= 10 ? 1 : 0
        }
        let resampled = Bootstrap(seed: seed).sums(of: sums, columns: 2)
        let ratios = (0..<Bootstrap.resamples).map { Double(resampled[2 * $0]) / Double(resampled[2 * $0 + 1]) }
        let (low, high) = Bootstrap.interval(ratios)
        let hits = method.count { $0.rank <= 10 }
        let others = baseline.count { $0.rank <= 10 }
        self.init(ratio: others > 0 ? Double(hits) / Double(others) : nil, low: low, high: high)
    }
}

/// Per user the sums that every mean is made of: [users, width].
private struct FigureTable {
    /// 0 queries, 1 hits at 10, 2 at 20, 3 NDCG, 4 reciprocal ranks, 5 and 6 cold items and their hits, 7 and 8 cold users and
    /// theirs, then each bucket's queries and hits.
    static let historyFrom = 9
    static let popularityFrom = historyFrom + 2 * Bucketing.history.count
    static let width = popularityFrom + 2 * Bucketing.popularity.count

    let users: [Int32: Int]
    private(set) var sums: [Float]

    /// User to row, in order of first query.
    static func users(of results: [QueryResult]) -> [Int32: Int] {
        var users: [Int32: Int] = [:]
        for result in results where users[result.query.user] == nil { users[result.query.user] = users.count }
        return users
    }

    init(_ results: [QueryResult], split: Split) {
        users = Self.users(of: results)
        sums = [Float](repeating: 0, count: users.count * Self.width)
        for result in results {
            let start = (users[result.query.user] ?? 0) * Self.width
            let (rank, length) = (result.rank, result.query.historyLength)
            let target = Int(result.query.target)
            let hit: Float = rank <= 10 ? 1 : 0
            func add(_ column: Int, _ value: Float) { sums[start + column] += value }
            func addPair(_ column: Int) {
                add(column, 1)
                add(column + 1, hit)
            }
            add(0, 1)
            add(1, hit)
            add(2, rank <= 20 ? 1 : 0)
            add(3, rank <= 10 ? Float(1 / log2(Double(rank + 1))) : 0)
            add(4, Float(1 / Double(rank)))
            if !split.isKnown[target] { addPair(5) }
            if length <= Bucketing.coldHistory { addPair(7) }
            addPair(Self.historyFrom + 2 * Bucketing.index(of: length, in: Bucketing.history))
            let count = Int(split.trainingCounts[target])
            addPair(Self.popularityFrom + 2 * Bucketing.index(of: count, in: Bucketing.popularity))
        }
    }

    /// The sum of a column over all users.
    func total(_ column: Int) -> Double {
        stride(from: column, to: sums.count, by: Self.width).reduce(0.0) { $0 + Double(sums[$1]) }
    }
}
