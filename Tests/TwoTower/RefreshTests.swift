import Commerce
import Foundation
import Testing
import TwoTower

/// Trainings from a checkpoint as a whole: what they reach, in how many epochs, and what they refuse.
@Suite struct RefreshTests {
    /// A ring shop, its checkpoint, and what came after: shoppers of a ring with five more items.
    private struct Shop {
        let stale: Checkpoint
        let log: TrainingLog

        /// Such as no tuning would find.
        static let constants = Channels(
            sparse: .init(weight: 0.125, decay: 0.625, neighbours: NeighbourTable.Rule(damping: 0.375)),
            motion: MotionRule(
                knownPrior: 17, newPrior: 0.5, newGain: 1, popularityWeight: 0.1, popularityHalfLife: 1e6))

        init(shoppers: Int = 250, newShoppers: Int = 100) throws {
            var log = TrainingTests.ring(shoppers: shoppers)
            let trained = try Trainer.train(log, settings: TrainingTests.quick)
            let (model, histories) = (trained.model, Histories(log))
            stale = try Checkpoint(
                layout: model.layout, parameters: model.parameters, itemVectors: model.itemVectors,
                items: model.items.map(\.rawValue), vocabulary: model.vocabulary,
                channels: TrainedChannels(
                    Self.constants, histories: histories, items: log.itemCount),
                facts: trained.facts)
            TrainingTests.walk(items: 65, shoppers: shoppers..<shoppers + newShoppers, seed: 7, into: &log)
            self.log = log
        }
    }

    /// Shoppers of a shop that shares no item with any other here.
    static var strangers: TrainingLog {
        var log = TrainingLog()
        for event in 0..<40 {
            log.append(
                shopper: .known("u\(event % 4)"), item: ItemID("s\(event % 7)"), action: .browse,
                time: EventTime(milliseconds: Int64(event)))
        }
        return log
    }

    private static func isNew(_ item: ItemID) -> Bool { (60..<65).map { ItemID("i\($0)") }.contains(item) }

    private static func share(_ ranks: [Int], below limit: Int) -> Double {
        Double(ranks.count { $0 < limit }) / Double(max(1, ranks.count))
    }

    @Test func aRefreshReachesAWholeTraining() throws {
        let shop = try Shop()
        var stages: Set<TrainingProgress.Stage> = []
        let fresh = try Trainer.train(
            shop.log, settings: TrainingTests.quick, from: shop.stale, progress: { stages.insert($0.stage) })
        let whole = try Trainer.train(shop.log, settings: TrainingTests.quick)
        let asked = TrainingTests.ring(items: 65, shoppers: 60, seed: 99)
        func recall(_ checkpoint: Checkpoint, of isAsked: (ItemID) -> Bool = { _ in true }) -> [Double] {
            let ranks = TrainingTests.ranks(checkpoint.model, asked, of: isAsked)
            return [Self.share(ranks, below: 1), Self.share(ranks, below: 10)]
        }
        let (all, reference) = (recall(fresh), recall(whole))
        #expect(all[0] > reference[0] - 0.1 && all[1] > reference[1] - 0.02, "\(all) of \(reference)")
        let (new, old) = (recall(fresh, of: Self.isNew), recall(shop.stale, of: Self.isNew))
        #expect(new[1] > 0.85 && old[1] < 0.1, "new items: \(new), before \(old)")
        #expect(fresh.facts.startedFrom == shop.stale.model.version && whole.facts.startedFrom == nil)
        // Neither settings nor constants are chosen again, and the epochs are few.
        #expect(stages == [.preparing, .validating, .fitting])
        #expect(fresh.curve.count { $0.stage == "validating" } <= TrainingSettings().refreshEpochs)
        #expect((1...TrainingSettings().refreshEpochs).contains(fresh.facts.epochs))
        let histories = Histories(shop.log)
        #expect(
            fresh.model.channels
                == TrainedChannels(
                    Shop.constants, histories: histories, items: 65),
            "the constants are the checkpoint's, the tables of the whole log")
    }

    @Test func equalInputsGiveEqualBytes() throws {
        let shop = try Shop(shoppers: 120, newShoppers: 40)
        let first = try Trainer.train(shop.log, settings: TrainingTests.quick, from: shop.stale)
        let second = try Trainer.train(shop.log, settings: TrainingTests.quick, from: shop.stale)
        #expect(first.model.version == second.model.version)
        #expect(first.facts.recallAt10 != nil)
        let cold = try Trainer.train(shop.log, settings: TrainingTests.quick)
        #expect(cold.model.version != first.model.version)
    }

    @Test func aRefreshCutAtAnyEpochEndsInTheSameModel() throws {
        let shop = try Shop(shoppers: 120, newShoppers: 40)
        let place = ResumeTests.Place()
        // What settles the size of the towers is the checkpoint.
        var settings = TrainingTests.quick
        settings.dimension = nil
        let whole = try ResumeTests.train(settings, place, shop.log, from: shop.stale)
        #expect(whole.notices.isEmpty && whole.cuts.count == whole.checkpoint.curve.count)
        for cut in whole.cuts {
            try cut.write(to: place.unfinished.url)
            let resumed = try ResumeTests.train(settings, place, shop.log, from: shop.stale)
            #expect(resumed.notices.first?.contains("training goes on after") == true, "\(resumed.notices)")
            #expect(resumed.checkpoint.model.version == whole.checkpoint.model.version)
        }
        let anew = try ResumeTests.train(settings, place, shop.log, from: whole.checkpoint)
        #expect(anew.notices.count == 1)
        #expect(anew.notices[0].hasSuffix("began from another checkpoint, or from none; training begins anew"))
        #expect(anew.checkpoint.facts.startedFrom == whole.checkpoint.model.version)
    }

    @Test func epochsThatOnlyHarmAreNotMade() throws {
        // What is left to train on leads astray: shoppers who jump about, before others walk the ring again.
        let shop = try Shop(newShoppers: 0)
        var log = TrainingLog()
        var generator = SplitMix64(seed: 3)
        for event in 0..<1440 {
            log.append(
                shopper: .known("jumper\(event / 12)"), item: ItemID("i\(Int.random(in: 0..<65, using: &generator))"),
                action: .browse, time: EventTime(milliseconds: 260_000_000 + Int64(event) * 10_000))
        }
        TrainingTests.walk(items: 60, shoppers: 300..<430, seed: 7, into: &log)
        var settings = TrainingTests.quick
        (settings.learningRate, settings.batchEvents) = (0.1, 64)
        let fresh = try Trainer.train(log, settings: settings, from: shop.stale)
        #expect(!fresh.curve.isEmpty && fresh.curve.allSatisfy { $0.stage == "validating" })
        #expect(fresh.facts.epochs == 0, "\(fresh.curve.map(\.recall)) after \(fresh.facts.recallAt10 ?? -1)")
        // The checkpoint as it was, with rows for what is new.
        let (before, after) = (shop.stale.model, fresh.model)
        #expect(before.items.count == 60 && after.items.count == 65)
        let moved = before.items.enumerated().filter { row, item in
            after.row(of: item).map { after.trainedOutput($0).elementsEqual(before.trainedOutput(row)) } != true
        }
        #expect(moved.isEmpty)
    }

    @Test func withTooLittleNewTheTowersStay() throws {
        let shop = try Shop(shoppers: 120, newShoppers: 1)
        var stale = shop.stale
        for _ in 0..<2 {  // the second time nothing is new at all
            let fresh = try Trainer.train(shop.log, settings: TrainingTests.quick, from: stale)
            #expect(fresh.facts.epochs == 0 && fresh.facts.recallAt10 == nil && fresh.curve.isEmpty)
            // What came meanwhile is new to the next refresh too.
            #expect(fresh.facts.towersUntil == shop.stale.facts.towersUntil)
            #expect(fresh.model.channels.time > stale.model.channels.time || stale.facts.startedFrom != nil)
            let (before, after) = (stale.model, fresh.model)
            for (row, item) in before.items.enumerated() {
                let now = try #require(after.row(of: item))
                #expect(after.trainedOutput(now).elementsEqual(before.trainedOutput(row)))
            }
            stale = fresh
        }
    }

    @Test(arguments: UserTower.allCases) func theTowersAreTheCheckpoints(userTower: UserTower) throws {
        // Two blocks, and feed-forward parts as wide as the vectors, which no setting asks for.
        let start = try CheckpointTests.Saved(userTower).checkpoint
        var log = TrainingLog()
        for event in 0..<400 {
            log.append(
                shopper: .known("u\(event % 40)"), item: ItemID("i\((event % 40 + event / 40) % 9)"), action: .browse,
                time: EventTime(milliseconds: Int64(event) * 60_000))
        }
        let fresh = try Trainer.train(log, settings: TrainingSettings(), from: start)
        var shape = start.model.layout.shape
        (shape.items, shape.tokens, shape.attributes, shape.vectors) = (9, 0, 0, [])
        #expect(fresh.model.layout.shape == shape && fresh.facts.settings["dropout"] == 0.5)
        #expect(Set(fresh.curve.map(\.dropout)) == [0.5])
    }

    @Test func contradictionsNameBothValues() throws {
        let start = try CheckpointTests.Saved().checkpoint
        var settings = TrainingSettings()
        (settings.dimension, settings.blocks, settings.userTower, settings.dropout) = (32, 1, .mean, 0.25)
        let error = try #require(throws: TrainingError.self) {
            try Trainer.train(TrainingTests.ring(shoppers: 20), settings: settings, from: start)
        }
        #expect(error.code == .badStart)
        for (name, wanted, kept) in [
            ("dimension", "32", "16"), ("blocks", "1", "2"), ("userTower", "mean", "sequential"),
            ("dropout", "0.25", "0.5"),
        ] {
            #expect(error.reason.contains("\(name) is \(wanted), but \(kept) in the checkpoint to start from"))
        }
        #expect(error.reason.hasSuffix(": leave the setting out, or train anew without the checkpoint"))
        // The same values are no contradiction.
        (settings.dimension, settings.blocks, settings.userTower, settings.dropout) = (16, 2, .sequential, 0.5)
        #expect(throws: Never.self) {
            try Trainer.train(TrainingTests.ring(shoppers: 20), settings: settings, from: start)
        }
    }

    @Test func forgottenItemsAreTold() throws {
        let shop = try Shop(shoppers: 120, newShoppers: 40)
        var late = TrainingLog()
        TrainingTests.walk(items: 20, shoppers: 200..<240, seed: 7, into: &late)
        final class Notes { var texts: [String] = [] }
        let notes = Notes()
        let fresh = try Trainer.train(
            late, settings: TrainingTests.quick, from: shop.stale, notice: { notes.texts.append($0) })
        #expect(
            notes.texts == [
                "40 of the 60 items of the checkpoint to start from are not in the events and are forgotten; "
                    + "if that was not meant, give the whole log, old events and new"
            ])
        #expect(fresh.model.items.count == 20)
        let none = Notes()
        _ = try Trainer.train(
            shop.log, settings: TrainingTests.quick, from: shop.stale, notice: { none.texts.append($0) })
        #expect(none.texts.isEmpty)
    }
}
