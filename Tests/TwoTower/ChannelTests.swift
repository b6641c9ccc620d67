import Commerce
import Foundation
import LinearAlgebra
import Testing
import TwoTower

/// The sparse channel against a naive one, and how it is kept.
@Suite struct ChannelTests {
    /// A log of random walks: long enough for rows to be cut.
    static let log: TrainingLog = {
        var generator = SplitMix64(seed: 11)
        var log = TrainingLog()
        for shopper in 0..<60 {
            for event in 0..<Int.random(in: 1...20, using: &generator) {
                log.append(
                    shopper: .known("u\(shopper)"), item: ItemID("i\(Int.random(in: 0..<30, using: &generator))"),
                    action: .browse, time: EventTime(milliseconds: Int64(event) * 1000))
            }
        }
        return log
    }()

    /// The definition, pair by pair, in double precision.
    static func naiveValues(_ histories: Histories, items: Int, _ rule: NeighbourTable.Rule) -> [[Double]] {
        var counts = [[Double]](repeating: [Double](repeating: 0, count: items), count: items)
        for shopper in 0..<histories.shopperCount {
            let events = histories.events(of: shopper)
            for a in events {
                for b in events where a != b && abs(a - b) <= rule.pairs.window {
                    let (i, j) = (Int(histories.items[a]), Int(histories.items[b]))
                    let share = pow(rule.pairs.decay, Double(abs(a - b) - 1))
                    if i != j { counts[i][j] += b > a ? share : share * rule.pairs.backward }
                }
            }
        }
        let occurrences = histories.itemCounts(items).map(Double.init)
        return counts.map { row in
            let sum = row.reduce(0, +)
            return row.enumerated().map { $1 == 0 ? 0 : $1 * pow(occurrences[$0], -rule.damping) / (sum + 10) }
        }
    }

    private static func rule(
        _ damping: Double, window: Int = 10, decay: Double = 0.8, backward: Double = 1
    ) -> NeighbourTable.Rule {
        var rule = NeighbourTable.Rule(damping: damping)
        (rule.pairs.window, rule.pairs.decay, rule.pairs.backward) = (window, decay, backward)
        return rule
    }

    @Test(arguments: [
        rule(0), rule(0.3), rule(0.15, backward: 0.5), rule(0, window: 3, decay: 1, backward: 0), rule(0, window: 1000),
    ]) func tableEqualsItsDefinition(rule: NeighbourTable.Rule) {
        let histories = Histories(Self.log)
        let items = Self.log.itemCount
        let cooccurrence = Cooccurrence(histories, items: items, rule: rule.pairs)
        let width = 12
        let table = NeighbourTable(
            cooccurrence, occurrences: histories.itemCounts(items), damping: rule.damping, width: width)
        let naive = Self.naiveValues(histories, items: items, rule)
        #expect(table.rows == items)
        for item in 0..<items {
            let entries = Int(table.starts[item])..<Int(table.starts[item + 1])
            let expected = naive[item].enumerated().filter { $0.element > 0 }.sorted { $0.element > $1.element }
            #expect(entries.count == min(width, expected.count))
            let columns = entries.map { table.columns[$0] }
            #expect(columns == columns.sorted())
            for entry in entries {
                let value = naive[item][Int(table.columns[entry])]
                #expect(abs(Double(table.values[entry]) - value) < 1e-5 * value)
            }
            // What was cut is nowhere larger than what was kept.
            if expected.count > width {
                let least = entries.map { table.values[$0] }.min() ?? 0
                #expect(Double(least) >= expected[width].element * (1 - 1e-5))
            }
        }
    }

    @Test func scoresAreTheDecayedSumOfRows() {
        let histories = Histories(Self.log)
        let items = Self.log.itemCount
        let table = NeighbourTable(
            Cooccurrence(histories, items: items), occurrences: histories.itemCounts(items), damping: 0.15)
        let channel = SparseChannel(
            settings: .init(weight: 30, decay: 0.6, neighbours: Self.rule(0.15, window: 7)), table: table)
        let scratch = channel.makeScratch()
        let last: [Int?] = [3, nil, 7, 3, items + 5, 1]
        for _ in 0..<2 {  // the second time on used memory
            let scores = channel.scores(ofLast: last, scratch: scratch)
            #expect(scores.map(\.row) == scores.map(\.row).sorted())
            var expected = [Double](repeating: 0, count: items)
            for (place, item) in last.enumerated() {
                guard let item, item < items else { continue }
                for entry in Int(table.starts[item])..<Int(table.starts[item + 1]) {
                    expected[Int(table.columns[entry])] += 30 * pow(0.6, Double(place)) * Double(table.values[entry])
                }
            }
            #expect(Set(scores.map(\.row)) == Set(expected.indices.filter { expected[$0] > 0 }.map(Int32.init)))
            for (row, score) in scores { #expect(abs(Double(score) - expected[Int(row)]) < 1e-4) }
            channel.withScores(ofLast: last, scratch: scratch) { found in
                #expect(zip(found.rows, found.scores).sorted { $0.0 < $1.0 }.map(\.1) == scores.map(\.score))
                for (row, age) in zip(found.rows, found.ages) {
                    // The newest item that gives the most.
                    let parts = last.enumerated().map { place, item -> Double in
                        guard let item, item < items else { return 0 }
                        let entries = Int(table.starts[item])..<Int(table.starts[item + 1])
                        let value = entries.first { table.columns[$0] == row }.map { Double(table.values[$0]) } ?? 0
                        return pow(0.6, Double(place)) * value
                    }
                    #expect(parts.max().flatMap { parts.firstIndex(of: $0) } == Int(age))
                }
            }
        }
        #expect(channel.scores(ofLast: [nil, nil], scratch: scratch).isEmpty)
        let deep = [Int?](repeating: nil, count: SparseChannel.depth) + [3]
        #expect(channel.scores(ofLast: deep, scratch: scratch).isEmpty, "beyond the depth")
    }

    @Test func aCheckpointKeepsTheChannels() throws {
        let log = TrainingTests.ring(shoppers: 120)
        let trained = try Trainer.train(log, settings: TrainingTests.quick)
        let histories = Histories(log)
        let channels = TrainedChannels(
            Channels(
                sparse: .init(weight: 30, decay: 0.6, neighbours: Self.rule(0.15, window: 7)),
                motion: MotionRule(
                    knownPrior: 5, newPrior: 0.5, newGain: 1, popularityWeight: 0.1, popularityHalfLife: 1e6)),
            histories: histories, items: log.itemCount)
        let checkpoint = try Checkpoint(
            layout: trained.model.layout, parameters: trained.model.parameters,
            itemVectors: trained.model.itemVectors, items: log.items.map(\.rawValue),
            vocabulary: trained.model.vocabulary, channels: channels, facts: trained.facts, curve: trained.curve)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try checkpoint.save(to: folder)
        let read = try Model.load(from: folder)
        #expect(read.channels == channels)
        #expect(read.version == checkpoint.model.version)
        let curve = try JSONDecoder().decode(
            [TrainingEpoch].self, from: Data(contentsOf: folder.appendingPathComponent("curve.json")))
        #expect(curve == checkpoint.curve)
        #expect(curve.contains { $0.stage == "validating" && $0.recall != nil && $0.seconds > 0 })
        #expect(curve.contains { $0.stage == "fitting" && $0.recall == nil })
    }

    /// Retrieval counts on extra scores that are numbers and not negative.
    @Test(arguments: [0, -1, .nan, .infinity] as [Float])
    func aValueThatIsNoShareIsRefused(value: Float) throws {
        let log = TrainingTests.ring(shoppers: 120)
        let trained = try Trainer.train(log, settings: TrainingTests.quick)
        let settings = SparseChannel.Settings(
            weight: 30, decay: 0.6, neighbours: NeighbourTable.Rule(damping: 0.15))
        let table = NeighbourTable(
            starts: [0] + [Int32](repeating: 2, count: log.itemCount), columns: [1, 2], values: [0.5, value])
        let error = #expect(throws: CheckpointError.self) {
            try Checkpoint(
                layout: trained.model.layout, parameters: trained.model.parameters,
                itemVectors: trained.model.itemVectors, items: log.items.map(\.rawValue),
                vocabulary: trained.model.vocabulary,
                channels: TrainedChannels(
                    Channels(sparse: settings), sparse: SparseChannel(settings: settings, table: table), popularity: [],
                    time: 0), facts: trained.facts, curve: trained.curve)
        }
        #expect(error?.description.contains("neighbours.values") == true, "\(error?.description ?? "")")
    }

    @Test func withoutARefitTheBestOfValidationIsKept() throws {
        var settings = TrainingTests.quick
        settings.validation = .lastOfEachShopper
        settings.fitsEverything = false
        let checkpoint = try Trainer.train(TrainingTests.ring(shoppers: 120), settings: settings)
        #expect(!checkpoint.curve.contains { $0.stage == "fitting" })
        #expect(checkpoint.model.channels.motion == nil, "a split that says nothing of time")
        let recall = try #require(checkpoint.facts.recallAt10)
        #expect(checkpoint.curve.first { $0.epoch == checkpoint.facts.epochs }?.recall == recall)
    }
}
