import Commerce
import Testing
import TwoTower

/// Logs, catalogues and settings that training refuses with one clear error, or survives.
@Suite struct BadTrainingInputTests {
    /// A log of shopper, item and time.
    private func log(_ events: [(String, String, Int64)], action: Action = .browse) -> TrainingLog {
        var log = TrainingLog()
        for (shopper, item, time) in events {
            log.append(
                shopper: .known(shopper), item: ItemID(item), action: action, time: EventTime(milliseconds: time))
        }
        return log
    }

    private var settings: TrainingSettings {
        var settings = TrainingTests.quick
        settings.epochs = 2
        return settings
    }

    private func failure(_ log: TrainingLog) throws -> TrainingError {
        try #require(throws: TrainingError.self) { try Trainer.train(log, settings: settings) }
    }

    @Test func tooLittleToLearnFrom() throws {
        #expect(try failure(TrainingLog()).reason == "there are no events to train on")
        #expect(try failure(log([("a", "x", 1), ("b", "x", 2)])).reason.contains("one item"))
        #expect(try failure(log([("a", "x", 1), ("b", "y", 2)])).reason.contains("no shopper has events on two items"))
        #expect(try failure(log([("a", "x", 1), ("a", "y", 2)], action: .cartRemoval)).code == .tooLittleData)
    }

    @Test func smallestLogsGiveAModel() throws {
        let one = try Trainer.train(log([("a", "x", 1), ("a", "y", 2)]), settings: settings)
        #expect(one.model.items == [ItemID("x"), ItemID("y")] && one.facts.recallAt10 == nil)
        #expect(one.model.itemVectors.values.allSatisfy { $0.isFinite })
    }

    @Test func equalAndExtremeTimes() throws {
        let ties = log((0..<200).map { ("u\($0 % 10)", "i\($0 % 17)", 5) })
        #expect(try Trainer.train(ties, settings: settings).model.items.count == 17)
        let extremes = log((0..<200).map { ("u\($0 % 10)", "i\($0 % 17)", $0 % 2 == 0 ? .min : .max) })
        let model = try Trainer.train(extremes, settings: settings).model
        #expect(model.itemVectors.values.allSatisfy { $0.isFinite })
    }

    @Test func oddCatalogues() throws {
        let events = log((0..<400).map { ("u\($0 % 20)", "i\($0 % 23)", Int64($0)) })
        var catalogue = (0..<23).map {
            CatalogueItem(
                item: ItemID("i\($0)"), title: "", category: ["", "x"], price: $0 % 2 == 0 ? .nan : -.infinity,
                vectors: ["v": [.nan]])
        }
        catalogue += (0..<23).map { CatalogueItem(item: ItemID("i\($0)"), title: "later words", price: 0) }
        catalogue.append(CatalogueItem(item: ItemID("i0"), title: String(repeating: "endless ", count: 100_000)))
        let model = try Trainer.train(events, catalogue: catalogue, settings: settings).model
        #expect(
            model.vocabulary.tokens.contains("w:later") && !model.vocabulary.tokens.contains("c:x"),
            "the later record counts")
        #expect(model.itemVectors.values.allSatisfy { $0.isFinite })
    }

    @Test func allFaultsOfTheSettingsAtOnce() throws {
        var settings = TrainingSettings()
        settings.dimension = 50
        settings.dropout = .nan
        settings.epochs = 0
        settings.refreshEpochs = 0
        settings.timeLimit = -1
        let error = try #require(throws: TrainingError.self) {
            try Trainer.train(log([("a", "x", 1), ("a", "y", 2)]), settings: settings)
        }
        #expect(error.code == .badSettings)
        for name in ["dimension", "dropout", "epochs", "refreshEpochs", "timeLimit"] {
            #expect(error.reason.contains(name))
        }
    }

    @Test func aWildLearningRateStaysFinite() throws {
        var settings = settings
        settings.epochs = 30
        settings.learningRate = 0.1
        settings.validation = .none
        let model = try Trainer.train(TrainingTests.ring(shoppers: 40), settings: settings).model
        #expect(model.itemVectors.values.allSatisfy { $0.isFinite })
        #expect(model.parameters.pointer[model.layout.logScale.offset] <= 4.6052)
    }

    @Test func aLossThatIsNoNumberLeavesTheParametersAlone() throws {
        let tiny = TinyCase()
        let step = TrainingStep(
            layout: tiny.layout, parameters: tiny.parameters, bags: try tiny.features(),
            candidates: CandidateSampler(counts: [1, 1, 1, 1, 1, 1], negatives: nil), settings: settings, dropout: 0)
        var batch = BatchPlan.Batch(shards: [tiny.sequences, PackedSequences()])
        let before = Array(tiny.parameters.values)
        #expect(step.run(batch, learningRate: 0.01).isFinite && Array(tiny.parameters.values) != before)
        tiny.parameters.pointer[tiny.layout.actionEmbedding.offset] = .nan
        let broken = tiny.parameters.values.map(\.bitPattern)
        batch.shards.reverse()
        #expect(!step.run(batch, learningRate: 0.01).isFinite)
        #expect(tiny.parameters.values.map(\.bitPattern) == broken)
    }
}
