import Evaluation
import Foundation
import Testing

@Suite("Metrics and their intervals")
struct MetricsTests {
    /// Queries of 90 users with ranks drawn at random, on a log of 40 items of which some are cold.
    struct Fixture {
        let log: EvaluationLog
        let split: Split
        var results: [QueryResult]

        init(seed: UInt64) throws {
            var lines = (0..<450).map { "u\($0 % 90) i\($0 % 30 * ($0 % 2)) \($0)" }
            lines += (0..<50).map { "u\($0) i\(30 + $0 % 10) \(450 + $0)" }
            log = try smallLog(lines.joined(separator: "\n"))
            split = try Split(log, .streaming, .test)
            var generator = SeededGenerator(seed: seed)
            results = []
            for query in split.queries {
                let rank = Int.random(in: 1...40, using: &generator)
                let top = (0..<20).map { Int32(($0 + 3 * rank) % log.items.count) }
                results.append(QueryResult(query: query, rank: rank, top: top))
            }
        }
    }

    @Test("Equal to the definitions")
    func definitions() throws {
        let fixture = try Fixture(seed: 1)
        let (results, split) = (fixture.results, fixture.split)
        let metrics = Metrics(results, split: split, items: fixture.log.items.count)
        func mean(_ chosen: [QueryResult], _ value: (QueryResult) -> Double) -> Double {
            chosen.map(value).reduce(0, +) / Double(chosen.count)
        }
        func isNear(_ left: Double?, _ right: Double) -> Bool { left.map { abs($0 - right) < 1e-6 } ?? false }
        let hit = { (result: QueryResult) in result.rank <= 10 ? 1.0 : 0 }
        #expect(metrics.queries == 50 && metrics.users == 50)
        #expect(isNear(metrics.recallAt10.value, mean(results, hit)))
        #expect(isNear(metrics.recallAt20.value, mean(results) { $0.rank <= 20 ? 1 : 0 }))
        #expect(isNear(metrics.ndcgAt10.value, mean(results) { $0.rank <= 10 ? 1 / log2(Double($0.rank) + 1) : 0 }))
        #expect(isNear(metrics.mrr.value, mean(results) { 1 / Double($0.rank) }))
        let shown = Set(results.flatMap { $0.top.prefix(10) }).count
        #expect(isNear(metrics.coverageAt10.value, Double(shown) / Double(fixture.log.items.count)))
        let cold = results.filter { result in
            !(0..<450).contains { fixture.log[$0].item == result.query.target }
        }
        #expect(cold.count == metrics.coldItems?.queries && !cold.isEmpty)
        #expect(isNear(metrics.coldItems?.value, mean(cold, hit)))
        #expect(metrics.coldUsers == nil)
        let histories = metrics.byHistory.map { $0.recall?.queries ?? 0 }
        #expect(metrics.byHistory.map(\.label) == ["1", "2-3", "4-9", "10-29", "30-99", "100+"])
        #expect(histories == [0, 0, 50, 0, 0, 0])
        #expect(metrics.byPopularity.map(\.label) == ["0", "1-4", "5-19", "20-99", "100+"])
        #expect(metrics.byPopularity.compactMap { $0.recall?.queries }.reduce(0, +) == 50)
    }

    @Test("Intervals are those of a plain bootstrap over users")
    func intervals() throws {
        // Three queries a user that succeed or fail together: resampling queries would give a narrower interval.
        let fixture = try Fixture(seed: 2)
        var results: [QueryResult] = []
        for (index, result) in fixture.results.enumerated() {
            for _ in 0..<3 {
                results.append(QueryResult(query: result.query, rank: index % 3 == 0 ? 1 : 30, top: [Int32(index / 3)]))
            }
        }
        let metrics = Metrics(results, split: fixture.split, items: fixture.log.items.count)
        var generator = SeededGenerator(seed: 5)
        let shares = (0..<4000).map { _ in
            Double((0..<50).count { _ in Int.random(in: 0..<50, using: &generator) % 3 == 0 }) / 50
        }.sorted()
        #expect(abs(metrics.recallAt10.low - shares[100]) < 0.025)
        #expect(abs(metrics.recallAt10.high - shares[3899]) < 0.025)
        let coverage = metrics.coverageAt10
        #expect(coverage.low < coverage.value && coverage.value < coverage.high)
        #expect(metrics == Metrics(results, split: fixture.split, items: fixture.log.items.count))
    }

    @Test("A lift is paired: a method over itself has no spread")
    func lift() throws {
        let fixture = try Fixture(seed: 3)
        let own = Lift(fixture.results, over: fixture.results)
        #expect(own == Lift(ratio: 1, low: 1, high: 1))
        let worse = fixture.results.enumerated().map { index, result in
            QueryResult(query: result.query, rank: index % 2 == 0 ? result.rank : 40, top: result.top)
        }
        let lift = Lift(fixture.results, over: worse)
        let hits = fixture.results.count { $0.rank <= 10 }
        let others = worse.count { $0.rank <= 10 }
        #expect(lift.ratio == Double(hits) / Double(others))
        #expect(lift.low >= 1 && lift.low < lift.high)
        let none = fixture.results.map { QueryResult(query: $0.query, rank: 40, top: []) }
        #expect(Lift(fixture.results, over: none).ratio == nil)
        #expect(Lift(fixture.results, over: none).high == .infinity)
    }
}
