import Commerce
import Foundation
import Testing
import TwoTower

/// Checkpoints that the PyTorch twin writes serve here, and its idea of a shop's features is ours.
@Suite struct TwinTrainingTests {
    /// A small shop with everything that a tower can take: sessions, attributes, texts, paths, prices and vectors.
    private struct Shop {
        var log = TrainingLog()
        var catalogue: [CatalogueItem] = []
        private var events: [Event] = []

        init() {
            var generator = SplitMix64(seed: 11)
            let titles = [
                "Rye-Flour, 1 kg", "PROVING basket (ø 22cm)", "Crème brûlée set", "Каша овсяная", "Scale №5 — steel",
            ]
            for item in 0..<48 {
                var record = CatalogueItem(item: ItemID("i\(item)"), title: titles[item % titles.count])
                if item % 7 > 0 { record.category = ["Home", item % 2 == 0 ? "Kitchen" : "Straße", "A\(item % 3)"] }
                if item % 4 > 0 { record.brand = "Maker \(item % 4)" }
                if item % 5 == 0 { record.description = "For bread; 1 kg" }
                if item % 6 > 0 { record.price = 0.5 + Double(item * item) / 10 }
                if item % 3 > 0 { record.vectors = ["image.small": [Float(item % 5), 1, -Float(item)]] }
                catalogue.append(record)
            }
            for shopper in 0..<40 {
                var item = Int.random(in: 0..<50, using: &generator)
                for place in 0..<10 {
                    var event = Event(
                        action: Action.allCases[place % 4],
                        shopper: shopper % 9 == 0 ? .anonymous("a\(shopper)") : .known("u\(shopper)"),
                        item: ItemID("i\(item)"),
                        time: EventTime(milliseconds: 1_700_000_000_000 + Int64(place * 700_000 + shopper)))
                    if place % 3 > 0 { event.sessionID = "s\(place / 4)" }
                    if shopper % 2 == 0 {
                        event.attributes = ["Country": shopper % 4 == 0 ? "NL" : "BE", "age": "\(shopper)"]
                    }
                    events.append(event)
                    item = (item + 1 + Int(generator.uniform() * 2)) % 50
                }
            }
            for event in events { log.append(event) }
        }

        /// Writes both files in the contract's form; `extra` is a last event on one more item.
        func write(to folder: URL, extra: ItemID? = nil) throws {
            var all = events
            if let extra, let last = events.last {
                all.append(
                    Event(
                        action: .browse, shopper: last.shopper, item: extra,
                        time: EventTime(milliseconds: last.time.rawValue + 60_000)))
            }
            func write(_ name: String, _ records: [[UInt8]]) throws {
                try Data(records.joined(separator: [10])).write(to: folder.appending(path: name))
            }
            try write("events.jsonl", all.map { try $0.encoded() })
            try write("items.jsonl", catalogue.map { try $0.encoded() })
        }
    }

    private static let settings = {
        var settings = TrainingSettings()
        (settings.dimension, settings.epochs, settings.batchEvents, settings.validation) = (16, 1, 128, .none)
        return settings
    }()

    /// Every item's vector as the checkpoint holds it is what the item tower makes of its record here.
    private func expectVectorsToAgree(_ model: Model, _ catalogue: [CatalogueItem]) throws {
        for item in catalogue {
            var vector = [Float](repeating: 0, count: model.dimension)
            let found = try vector.withUnsafeMutableBufferPointer { try model.outputVector(of: item, into: $0) }
            guard let row = model.row(of: item.item) else { continue }
            #expect(found && relativeDistance(model.trainedOutput(row), vector) < 1e-5, "\(item.item)")
        }
    }

    @Test(.enabled(if: Twin.python != nil, Twin.isMissing)) func aModelFromScratchHasOurVocabularies() async throws {
        let (shop, twin) = (Shop(), try Twin())
        try shop.write(to: twin.folder)
        let ours = try Trainer.train(shop.log, catalogue: shop.catalogue, settings: Self.settings).model
        try await twin.run(
            "train.py",
            [
                "--events", "events.jsonl", "--items", "items.jsonl", "--shape", "16,1,32", "--epochs", "2", "--out",
                "new",
            ])
        let checkpoint = try Checkpoint(directory: twin.folder.appending(path: "new"))
        let model = checkpoint.model
        #expect(model.layout.shape == ours.layout.shape && model.items == ours.items)
        #expect(Set(model.vocabulary.tokens) == Set(ours.vocabulary.tokens), "tokens")
        #expect(model.vocabulary.prices == ours.vocabulary.prices)
        #expect(model.attributes.tokens == ours.attributes.tokens && model.attributes.tokens.contains("country=nl"))
        #expect(checkpoint.facts.events == shop.log.count && checkpoint.facts.shoppers == 40)
        try expectVectorsToAgree(model, shop.catalogue)
    }

    @Test(.enabled(if: Twin.python != nil, Twin.isMissing)) func itGoesOnFromOurCheckpointWithNewItems() async throws {
        let (shop, twin) = (Shop(), try Twin())
        try shop.write(to: twin.folder, extra: ItemID("new"))
        var settings = Self.settings
        settings.validation = .latest(share: 0.2)
        let ours = try Trainer.train(shop.log, catalogue: shop.catalogue, settings: settings)
        try ours.save(to: twin.folder.appending(path: "ours"))
        try await twin.run(
            "train.py",
            [
                "--events", "events.jsonl", "--items", "items.jsonl", "--init", "ours", "--epochs", "2", "--out",
                "theirs",
            ])
        let model = try Model.load(from: twin.folder.appending(path: "theirs"))
        #expect(model.items == ours.model.items + [ItemID("new")])
        #expect(model.vocabulary.tokens == ours.model.vocabulary.tokens)
        // What the twin does not train it carries along, the tables widened by the new item.
        let (before, after) = (ours.model.channels, model.channels)
        #expect(before.sparse != nil, "validation should want a sparse channel on a ring")
        #expect(after.constants == before.constants && after.time == before.time)
        #expect(after.popularity == before.popularity + (before.popularity.isEmpty ? [] : [0]))
        #expect(after.sparse?.table.columns == before.sparse?.table.columns)
        #expect(model.version != ours.model.version)
        #expect(relativeDistance(model.trainedOutput(3), ours.model.trainedOutput(3)) > 1e-4, "training moved nothing")
        try expectVectorsToAgree(model, shop.catalogue)
    }
}
