import Commerce
import LinearAlgebra
import Testing
import TwoTower

/// Whole training runs on small made-up shops.
@Suite struct TrainingTests {
    /// Shoppers who walk around a ring of items, one step at a time and now and then two: the next item follows from the last.
    static func ring(items: Int = 60, shoppers: Int = 250, events: Int = 12, seed: UInt64 = 1) -> TrainingLog {
        var log = TrainingLog()
        walk(items: items, shoppers: 0..<shoppers, events: events, seed: seed, into: &log)
        return log
    }

    /// Adds such shoppers to a log, one after the other in time.
    static func walk(items: Int, shoppers: Range<Int>, events: Int = 12, seed: UInt64, into log: inout TrainingLog) {
        var generator = SplitMix64(seed: seed)
        for shopper in shoppers {
            var item = Int.random(in: 0..<items, using: &generator)
            for event in 0..<events {
                let time = Int64(shopper) * 1_000_000 + Int64(event) * 60_000
                log.append(
                    shopper: .known("u\(shopper)"), item: ItemID("i\(item)"), action: .browse,
                    time: EventTime(milliseconds: time))
                item = (item + (generator.uniform() < 0.9 ? 1 : 2)) % items
            }
        }
    }

    static var quick: TrainingSettings {
        var settings = TrainingSettings()
        settings.dimension = 32
        settings.epochs = 6
        settings.batchEvents = 256
        settings.dropout = 0.1
        return settings
    }

    /// Per position of each of the log's shoppers: the rank of the next item, 0 first, among items not in the history, by
    /// the serving path. An item that the model does not know is the input of an unknown one, and comes last of all.
    static func ranks(
        _ model: Model, _ log: TrainingLog, of isAsked: (ItemID) -> Bool = { _ in true }
    ) -> [Int] {
        let d = model.dimension
        let histories = Histories(log)
        let scratch = model.makeScratch()
        var ranks: [Int] = []
        for shopper in 0..<histories.shopperCount {
            var state = model.initialState
            let events = histories.events(of: shopper)
            for event in events.dropLast() {
                let input = model.row(of: log.items[Int(histories.items[event])]).map(model.trainedInput)
                let gap: Int64? = event == events.lowerBound ? nil : histories.times[event] - histories.times[event - 1]
                Streaming.step(
                    model, &state, inputs: Array(input ?? model.unknownInput), [histories.actions[event]], [gap],
                    scratch)
                let target = log.items[Int(histories.items[event + 1])]
                guard isAsked(target) else { continue }
                guard let next = model.row(of: target) else {
                    ranks.append(model.items.count)
                    continue
                }
                let user = Streaming.readout(model, state)
                let history = Set(events.lowerBound...event).map { model.row(of: log.items[Int(histories.items[$0])]) }
                let scores = (0..<model.items.count).map { item in
                    history.contains(item)
                        ? -Float.infinity : (0..<d).reduce(Float(0)) { $0 + user[$1] * model.trainedOutput(item)[$1] }
                }
                ranks.append(scores.enumerated().count { $0.offset != next && $0.element >= scores[next] })
            }
        }
        return ranks
    }

    @Test func learnsTheOrderOfEvents() throws {
        let checkpoint = try Trainer.train(Self.ring(), settings: Self.quick)
        let ranks = Self.ranks(checkpoint.model, Self.ring(shoppers: 40, seed: 99))
        // By popularity the next item is first once in 60 times and among ten once in 6; by co-occurrence alone, without the
        // direction, the two neighbours would share the first place.
        let first = Double(ranks.count { $0 == 0 }) / Double(ranks.count)
        let ten = Double(ranks.count { $0 < 10 }) / Double(ranks.count)
        #expect(first > 0.6, "share of next items in the first place: \(first)")
        #expect(ten > 0.95, "recall@10: \(ten)")
        let recall = try #require(checkpoint.facts.recallAt10)
        #expect(recall > 0.9)
    }

    @Test func sampledNegativesLearnItToo() throws {
        var settings = Self.quick
        settings.fullSoftmaxScores = 10
        settings.negatives = 24
        let checkpoint = try Trainer.train(Self.ring(), settings: settings)
        let ranks = Self.ranks(checkpoint.model, Self.ring(shoppers: 40, seed: 99))
        #expect(Double(ranks.count { $0 < 10 }) / Double(ranks.count) > 0.9)
    }

    @Test func theSoftmaxIsSampledAboveTheThresholdAndWhereThatIsLess() throws {
        let log = Self.ring(shoppers: 60)
        let scores = Double(log.count * log.itemCount)
        func vectors(_ threshold: Double, _ negatives: Int) throws -> [Float] {
            var settings = Self.quick
            (settings.epochs, settings.fullSoftmaxScores, settings.negatives) = (1, threshold, negatives)
            let model = try Trainer.train(log, settings: settings).model
            return Array(model.itemVectors.values)
        }
        let full = try vectors(1e15, 24)
        #expect(try vectors(scores, 24) == full)
        #expect(try vectors(scores - 1, 24) != full)
        #expect(try vectors(0, log.itemCount) == full)
    }

    /// What an index is tuned on: the shoppers' vectors as the service would read them off after their last events.
    @Test func aSampleOfShoppersIsKept() throws {
        var settings = Self.quick
        settings.epochs = 1
        let log = Self.ring(shoppers: 60)
        let model = try Trainer.train(log, settings: settings).model
        let d = model.dimension
        try #require(model.audience.count == 60 * d)
        let sample = (0..<60).map { Array(model.audience.values[$0 * d..<($0 + 1) * d]) }
        let histories = Histories(log)
        let scratch = model.makeScratch()
        for shopper in 0..<60 {
            var state = model.initialState
            let events = histories.events(of: shopper)
            for event in events {
                let row = try #require(model.row(of: log.items[Int(histories.items[event])]))
                let gap: Int64? = event == events.lowerBound ? nil : histories.times[event] - histories.times[event - 1]
                Streaming.step(
                    model, &state, inputs: Array(model.trainedInput(row)), [histories.actions[event]], [gap], scratch)
            }
            var vector = [Float](repeating: 0, count: d)
            vector.withUnsafeMutableBufferPointer { vector in
                if let target = vector.baseAddress { model.readout(states: state, count: 1, into: target) }
            }
            let nearest = sample.map { zip($0, vector).map { ($0 - $1).magnitude }.max() ?? 0 }.min() ?? 1
            #expect(nearest < 1e-3 * model.scale, "shopper \(shopper): \(nearest)")
        }
        #expect(Set(sample).count > 40)
    }

    @Test func theMeanTowerLearnsWithoutOrder() throws {
        var settings = Self.quick
        settings.userTower = .mean
        let model = try Trainer.train(Self.ring(), settings: settings).model
        #expect(model.layout.shape.userTower == .mean)
        let ranks = Self.ranks(model, Self.ring(shoppers: 40, seed: 99))
        // Where a shopper walks shows from the set of items, but not which end of it is the newer one.
        let ten = Double(ranks.count { $0 < 10 }) / Double(ranks.count)
        #expect(ten > 0.7, "recall@10: \(ten)")
    }

    @Test func equalSeedsGiveEqualCheckpoints() throws {
        var settings = Self.quick
        settings.epochs = 2
        let log = Self.ring(shoppers: 60)
        let first = try Trainer.train(log, settings: settings)
        let second = try Trainer.train(log, settings: settings)
        #expect(first.model.version == second.model.version)
        settings.seed = 2
        let third = try Trainer.train(log, settings: settings)
        #expect(third.model.version != first.model.version)
        #expect(Array(third.model.itemVectors.values) != Array(first.model.itemVectors.values))
    }

    @Test func newItemsLieWhereTheirFeaturesSay() throws {
        // Shoppers stay within one half of the shop; the catalogue tells the halves apart.
        var generator = SplitMix64(seed: 4)
        var log = TrainingLog()
        for shopper in 0..<120 {
            for event in 0..<10 {
                let item = Int.random(in: 0..<20, using: &generator) + (shopper % 2 == 0 ? 0 : 20)
                log.append(
                    shopper: .known("u\(shopper)"), item: ItemID("i\(item)"), action: .browse,
                    time: EventTime(milliseconds: Int64(shopper * 1000 + event)))
            }
        }
        let catalogue = (0..<40).map {
            CatalogueItem(item: ItemID("i\($0)"), category: [$0 < 20 ? "Garden" : "Kitchen"])
        }
        let model = try Trainer.train(log, catalogue: catalogue, settings: Self.quick).model
        var vector = [Float](repeating: 0, count: model.dimension)
        let found = try vector.withUnsafeMutableBufferPointer {
            try model.outputVector(of: CatalogueItem(item: ItemID("new"), category: ["Kitchen"]), into: $0)
        }
        #expect(found)
        func nearness(_ items: Range<Int>) -> Float {
            items.compactMap { model.row(of: ItemID("i\($0)")) }.reduce(Float(0)) { sum, row in
                sum + zip(model.trainedOutput(row), vector).reduce(0) { $0 + $1.0 * $1.1 }
            } / Float(items.count)
        }
        #expect(nearness(20..<40) > nearness(0..<20) + 0.3)
        let nothing = try vector.withUnsafeMutableBufferPointer {
            try model.outputVector(of: CatalogueItem(item: ItemID("odd"), title: "never seen"), into: $0)
        }
        #expect(!nothing && vector.allSatisfy { $0 == 0 })
    }

    @Test func reportsProgress() throws {
        var seen: [TrainingProgress] = []
        _ = try Trainer.train(Self.ring(shoppers: 60), settings: Self.quick, progress: { seen.append($0) })
        #expect(Set(seen.map(\.stage)) == [.preparing, .validating, .tuning, .fitting])
        #expect(seen.allSatisfy { (0...1).contains($0.fraction) } && seen.last?.fraction ?? 0 > 0.99)
        #expect(seen.compactMap(\.loss).allSatisfy { $0.isFinite })
    }

    @Test func stopsAtTheTimeLimit() throws {
        var settings = Self.quick
        settings.epochs = 1000
        settings.patience = 1000
        settings.timeLimit = 1
        var last = 0.0
        _ = try Trainer.train(Self.ring(), settings: settings, progress: { last = max(last, $0.elapsed) })
        // A thousand epochs take minutes; the bound leaves room for a busy machine.
        #expect(last < 20)
    }
}
