import Commerce
import Testing
import TwoTower

@Suite struct FeatureTests {
    /// A scale on which 1 to 7 euros are the thresholds of all, and 10 to 70 those of home.
    static let prices = PriceScale(
        thresholds: ["": (1...7).map(Double.init), "/home": (1...7).map { Double($0 * 10) }])

    @Test func tokensOfARecord() {
        let item = CatalogueItem(
            item: ItemID("i"), title: "Crème-brûlée Set, 6 cups", category: ["Home", "Kitchen"], brand: "ACME",
            description: "For 6; oven-proof", price: 11.18)
        #expect(
            FeatureVocabulary.tokens(of: item, prices: Self.prices) == [
                ["w:crème", "w:brûlée", "w:set", "w:6", "w:cups"], ["w:for", "w:6", "w:oven", "w:proof"],
                ["c:home", "c:kitchen", "p:/home/kitchen"], ["b:acme"], ["m:13", "q:1"],
            ])
        let bare = FeatureVocabulary.tokens(
            of: CatalogueItem(item: ItemID("i"), title: "—", brand: ""), prices: Self.prices)
        #expect(bare.allSatisfy { $0.isEmpty })
    }

    @Test func priceBandsRiseByAQuarterOfADoubling() {
        func band(_ price: Double) -> String? {
            FeatureVocabulary.tokens(of: CatalogueItem(item: ItemID("i"), price: price), prices: PriceScale()).last?
                .first
        }
        #expect(
            band(1) == "m:0" && band(1.18) == "m:0" && band(1.2) == "m:1" && band(1.99) == "m:3" && band(2) == "m:4")
        #expect(band(0.5) == "m:-4")
        for price in [0, -1, .nan, .infinity, .leastNonzeroMagnitude] { #expect(band(price) == nil) }
    }

    @Test func pricesStandWithinTheirCategory() {
        func octile(_ price: Double, _ category: [String]) -> String? {
            FeatureVocabulary.tokens(
                of: CatalogueItem(item: ItemID("i"), category: category, price: price), prices: Self.prices
            ).last?.last
        }
        #expect(
            octile(0.5, []) == "q:0" && octile(1, []) == "q:1" && octile(6.9, []) == "q:6" && octile(99, []) == "q:7")
        #expect(
            octile(6.9, ["Home", "Pans"]) == "q:0" && octile(45, ["HOME"]) == "q:4" && octile(45, ["Toys"]) == "q:7")
    }

    @Test func bagsAreSortedBoundedAndHoldTheRarestTokens() {
        let vocabulary = FeatureVocabulary(tokens: (0..<200).map { "w:w\($0)" })
        let words = (0..<200).reversed().map { "w\($0) w\($0)" }.joined(separator: " ")
        let bag = vocabulary.bag(of: CatalogueItem(item: ItemID("i"), title: words, description: words))
        // Of a title the first 64 words count: here 199 down to 168, twice each.
        #expect(bag.fields == [Array(168..<200), Array(152..<200), [], [], []])
        #expect(vocabulary.bag(of: CatalogueItem(item: ItemID("i"), title: "unseen")) == .empty)
    }

    @Test func theWholeCatalogueCountsTowardsTheVocabulary() throws {
        // The word "teak" is on two items of the log and two others; "oak" on three others alone; "elm" on two of the log.
        var log = TrainingLog()
        for event in 0..<60 {
            log.append(
                shopper: .known("u\(event % 6)"), item: ItemID("i\(event % 5)"), action: .browse,
                time: EventTime(milliseconds: Int64(event)))
        }
        let catalogue =
            ["teak elm", "teak elm"].enumerated().map { CatalogueItem(item: ItemID("i\($0)"), title: $1) }
            + ["teak oak", "teak oak", "oak"].enumerated().map { CatalogueItem(item: ItemID("n\($0)"), title: $1) }
        var settings = TrainingTests.quick
        settings.epochs = 1
        settings.minimumTokenItems = 3
        let model = try Trainer.train(log, catalogue: catalogue, settings: settings).model
        #expect(model.vocabulary.tokens == ["w:teak"])
    }

    @Test func attributesOfEnoughShoppersHaveARow() {
        var log = TrainingLog()
        func add(_ shopper: Int, _ attributes: [String: String]) {
            log.append(
                shopper: .known("u\(shopper)"), item: ItemID("i"), action: .browse, time: EventTime(milliseconds: 0),
                attributes: attributes)
        }
        for shopper in 0..<4 { add(shopper, ["Country": "NL"]) }
        for shopper in 0..<3 { add(shopper, ["country": "nl", "age": "30-39"]) }
        for _ in 0..<9 { add(5, ["country": "be"]) }
        add(6, [:])
        let histories = Histories(log)
        #expect(histories.attributes.tokens == ["country=nl", "age=30-39"])
        let rows = (0..<log.count).map { histories.attributes(of: $0) }
        #expect(rows.count { $0 == [0] } == 4 && rows.count { $0 == [0, 1] } == 3 && rows.count { $0 == [] } == 10)
        var sequence = PackedSequences()
        for event in 0..<log.count { sequence.append(event, of: histories, item: 0) }
        #expect(sequence.attributeStarts.count == log.count + 1 && sequence.attributeRows.count == 10)
        var late = PackedSequences()
        let order = (0..<log.count).sorted { rows[$0].count < rows[$1].count }
        for event in order { late.append(event, of: histories, item: 0) }
        #expect(
            late.attributeStarts.prefix(11) == ArraySlice(repeating: 0, count: 11) && late.attributeStarts.last == 10)
        let none = Histories(histories, without: [Bool](repeating: true, count: histories.eventCount))
        #expect(none.attributes == histories.attributes, "whatever part of the log it is")
    }

    @Test func visitsBeginAfterASilenceOrWithANewSession() {
        var log = TrainingLog()
        let minute: Int64 = 60_000
        let events: [(Int64, String?)] = [
            (0, nil), (30, nil), (61, "a"), (62, nil), (63, "a"), (64, "b"), (65, nil), (66, "a"), (200, "a"),
        ]
        for (time, session) in events {
            log.append(
                shopper: .known("u"), item: ItemID("i"), action: .browse, time: EventTime(milliseconds: time * minute),
                session: session)
        }
        #expect(Histories(log).visits == [1, 0, 1, 0, 0, 1, 0, 1, 1])
    }
}
