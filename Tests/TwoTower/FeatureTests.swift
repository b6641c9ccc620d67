import Commerce
import Testing
import TwoTower

@Suite struct FeatureTests {
    @Test func tokensOfARecord() {
        let item = CatalogueItem(
            item: ItemID("i"), title: "Crème-brûlée Set, 6 cups", category: ["Home", "Kitchen"], brand: "ACME",
            price: 11.18)
        #expect(
            FeatureVocabulary.tokens(of: item) == [
                "t:crème", "t:brûlée", "t:set", "t:6", "t:cups", "c:home", "c:kitchen", "p:/home/kitchen", "b:acme",
                "m:13",
            ])
    }

    @Test func priceBandsRiseByAQuarterOfADoubling() {
        func band(_ price: Double) -> String? {
            FeatureVocabulary.tokens(of: CatalogueItem(item: ItemID("i"), price: price)).first
        }
        #expect(
            band(1) == "m:0" && band(1.18) == "m:0" && band(1.2) == "m:1" && band(1.99) == "m:3" && band(2) == "m:4")
        #expect(band(0.5) == "m:-4")
        for price in [0, -1, .nan, .infinity, .leastNonzeroMagnitude] { #expect(band(price) == nil) }
    }

    @Test func bagsAreSortedBoundedAndWithoutRepeats() {
        let vocabulary = FeatureVocabulary(tokens: (0..<200).map { "t:w\($0)" })
        let title = (0..<200).reversed().map { "w\($0) w\($0)" }.joined(separator: " ")
        let bag = vocabulary.bag(of: CatalogueItem(item: ItemID("i"), title: title))
        #expect(bag == bag.sorted() && Set(bag).count == bag.count && bag.count <= 64 && !bag.isEmpty)
        #expect(vocabulary.bag(of: CatalogueItem(item: ItemID("i"), title: "unseen")).isEmpty)
    }
}
