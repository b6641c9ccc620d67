import Evaluation
import Foundation
import LinearAlgebra
import Testing

@Suite("Baselines")
struct BaselineTests {
    /// The scores of the first queries of a split, one row each, by the runner's order of calls.
    static func scores(_ method: some Recommender, _ log: EvaluationLog, _ split: Split, _ count: Int) -> [[Float]] {
        let queries = Array(split.queries.prefix(count))
        let buffer = FloatBuffer(count: count * log.items.count)
        var asked = queries[...]
        for row in 0..<log.count {
            if let query = asked.first, query.row == row {
                method.ask(query, slot: count - asked.count)
                asked.removeFirst()
            }
            method.observe(log[row], role: split.roles[row])
        }
        method.score(into: MatrixView(buffer.pointer, rows: count, columns: log.items.count))
        return (0..<count).map { slot in
            (0..<log.items.count).map { buffer.pointer[slot * log.items.count + $0] }
        }
    }

    @Test("item-kNN against its formula", arguments: [KNNSettings(), .windowed, .aged])
    func neighbours(settings: KNNSettings) throws {
        let log = try randomLog(users: 20, events: 15, items: 30, seed: 3)
        let split = try Split(log, .streaming, .test)
        let rows = Self.scores(ItemKNNRecommender(log, split, settings: settings), log, split, 8)
        let items = log.items.count
        var visits = [[Double]](repeating: Array(repeating: 0, count: items), count: items)
        var totals = [Double](repeating: 0, count: items)
        let last = try #require(split.roles.lastIndex(of: .training))
        func age(_ row: Int32) -> Double { exp2(-Double(last - Int(row)) / settings.halfLife) }
        for user in 0..<Int32(log.users.count) {
            let events = log.events(of: user).filter { split.roles[Int($0)] == .training }
            for (place, row) in events.enumerated() {
                let item = Int(log.item(at: row))
                totals[item] += age(row)
                for (other, next) in events.enumerated() where other != place {
                    let (distance, neighbour) = (abs(other - place), Int(log.item(at: next)))
                    guard distance <= settings.window, neighbour != item else { continue }
                    let weight = pow(settings.decay, Double(distance - 1)) * age(max(row, next))
                    visits[item][neighbour] += other > place ? weight : weight * settings.backward
                }
            }
        }
        for (query, row) in zip(split.queries, rows) {
            var expected = [Double](repeating: 0, count: items)
            let history = log.events(of: query.user).prefix(query.historyLength).reversed()
            for (k, event) in history.enumerated() {
                let item = Int(log.item(at: event))
                for other in 0..<items where totals[item] > 0 && totals[other] > 0 {
                    expected[other] +=
                        pow(settings.recency, Double(k)) * visits[item][other]
                        / (pow(totals[item], settings.sourceExponent) * pow(totals[other], settings.targetExponent))
                }
            }
            for item in 0..<items {
                if expected[item] > 0 {
                    #expect(abs(Double(row[item]) - expected[item]) < 1e-4 * max(1, expected[item]))
                } else {
                    #expect(split.trainingCounts[item] > 0 ? row[item] < 0 && row[item] >= -1 : row[item] == -.infinity)
                }
            }
        }
    }

    @Test("Recent popularity halves with every half-life of events")
    func recency() throws {
        let log = try randomLog(users: 20, events: 15, items: 30, seed: 4)
        let split = try Split(log, .streaming, .test)
        // So short that the counts are rescaled on the way.
        for halfLife in [0.5, 40] {
            let rows = Self.scores(RecentPopularityRecommender(log, halfLife: halfLife), log, split, 8)
            for (query, row) in zip(split.queries, rows) {
                var expected = [Double](repeating: 0, count: log.items.count)
                for before in 0..<query.row {
                    expected[Int(log[before].item)] += exp2(-Double(query.row - before) / halfLife)
                }
                for (value, reference) in zip(row, expected) { #expect(abs(Double(value) - reference) < 1e-5) }
            }
        }
    }

    @Test("Popularity counts training events; the history comes first, and its removal leaves popularity")
    func popularity() throws {
        let log = try randomLog(users: 20, events: 15, items: 30, seed: 5)
        let split = try Split(log, .streaming, .test)
        let counts = split.trainingCounts.map(Float.init)
        #expect(Self.scores(PopularityRecommender(split), log, split, 3).allSatisfy { $0 == counts })
        let rows = Self.scores(HistoryRecommender(log, split), log, split, 3)
        for (query, row) in zip(split.queries, rows) {
            let history = Set(log.events(of: query.user).prefix(query.historyLength).map { Int(log.item(at: $0)) })
            let least = history.map { row[$0] }.min() ?? 0
            #expect(log.items.indices.allSatisfy { history.contains($0) || row[$0] < least })
        }
        let popular = Runner.run(PopularityRecommender(split), on: log, split)
        #expect(Runner.run(HistoryRecommender(log, split), on: log, split) == popular)
    }

    @Test("A search climbs to the top of a hill, and tries everything where that is little")
    func search() throws {
        let values = (0..<9).map(Double.init)
        let axes = [Axis(name: "a", values: values, start: 0), Axis(name: "b", values: values, start: 8)]
        let hill = { (values: [Double]) throws(EvaluationError) -> Score in
            Score(recall: -abs(values[0] - 6) - abs(values[1] - values[0] / 2), reciprocalRank: 0)
        }
        let (best, trials) = try GridSearch(axes: axes, limit: 60).best(hill)
        #expect(best == [6, 3])
        #expect(trials.count < 60 && trials[0].settings == [Setting("a", "0"), Setting("b", "8")])
        let all = try GridSearch(axes: axes, limit: 81).best(hill)
        #expect(all.values == [6, 3] && all.trials.count == 81)
        #expect(try GridSearch(axes: axes, limit: 5).best(hill).trials.count == 5)
    }

    @Test("Every baseline runs from a log to its figures", arguments: Baseline.allCases, EvaluationProtocol.allCases)
    func evaluation(baseline: Baseline, setting: EvaluationProtocol) throws {
        let log = try randomLog(users: 20, events: 15, items: 30, seed: 6)
        var stages: [EvaluationProgress.Stage] = []
        let result = try baseline.evaluate(on: log, setting) { progress in
            if stages.last != progress.stage { stages.append(progress.stage) }
            #expect(progress.method == baseline.rawValue && (0...1).contains(progress.fraction))
        }
        let split = try Split(log, setting, .test)
        #expect(result.queries.map(\.query) == split.queries && result.name == baseline.rawValue)
        #expect(result.trials.isEmpty == [.popularity, .history].contains(baseline))
        #expect(stages == (result.trials.isEmpty ? [.training, .querying] : [.tuning, .training, .querying]))
        #expect(result.metrics.recallAt20.value >= result.metrics.recallAt10.value)
        // Items follow one another in this log by design: what looks at the history must find that out.
        if setting == .streaming, baseline == .als || baseline == .itemKNN {
            #expect(result.metrics.recallAt10.value > 0.5)
        }
    }
}

extension KNNSettings {
    static var windowed: KNNSettings {
        var settings = KNNSettings()
        (settings.window, settings.decay, settings.backward) = (2, 0.5, 0.25)
        (settings.sourceExponent, settings.targetExponent, settings.recency) = (0.8, 0.1, 0.5)
        return settings
    }

    static var aged: KNNSettings {
        var settings = KNNSettings()
        (settings.halfLife, settings.backward, settings.recency) = (30, 0, 1)
        return settings
    }
}
