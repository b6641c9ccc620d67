import Commerce
import Retrieval
import Streaming
import Testing

@Suite("Rules of lists")
struct ListRulesTests {
    private static let day: Int64 = 86_400_000

    @Test("A list is plain where no rule needs more than the order by score")
    func plain() {
        #expect(ListRules().isPlain)
        #expect(
            ListRules(
                filter: .inStock, excludesCart: true, repurchase: Repurchase(.always),
                boosts: [.init(condition: .new, factor: 2)]
            ).isPlain)
        #expect(!ListRules(pins: [.init(rank: 1, condition: .new)]).isPlain)
        #expect(!ListRules(caps: [.init(.brand, limit: 1)]).isPlain)
        #expect(!ListRules(diversity: 0.1).isPlain)
        #expect(!ListRules(explorationShare: 0.1).isPlain)
        #expect(!ListRules(minimumScore: 0).isPlain)
    }

    @Test("Pins stand by their ranks")
    func pins() {
        let rules = ListRules(pins: [.init(rank: 3, condition: .new), .init(rank: 1, condition: .inStock)])
        #expect(rules.pins.map(\.rank) == [1, 3])
    }

    @Test(
        "The rule of the longest path that the item's begins with counts",
        arguments: [
            ([], Repurchase.Rule.after(milliseconds: 30 * day)), (["Food"], .always), (["Food", "Tea"], .always),
            (["Food", "Coffee"], .never), (["Food", "Coffee", "Beans"], .never),
            (["Foo"], .after(milliseconds: 30 * day)),
            (["Coffee"], .after(milliseconds: 30 * day)),
        ])
    func longestPath(category: [String], rule: Repurchase.Rule) {
        let repurchase = Repurchase(
            .after(milliseconds: 30 * Self.day), byCategory: [["Food"]: .always, ["Food", "Coffee"]: .never])
        #expect(repurchase.rule(for: category) == rule && !repurchase.isNever)
    }

    @Test("What was bought may come back after its time, never, or at once")
    func repurchase() {
        let bought = EventTime(milliseconds: 1_793_534_400_000)
        func mayCome(_ rule: Repurchase.Rule, after milliseconds: Int64) -> Bool {
            Repurchase(rule).mayBeBoughtAgain(
                lastPurchase: bought, now: EventTime(milliseconds: bought.rawValue + milliseconds), profile: .init())
        }
        #expect(mayCome(.always, after: 0) && !mayCome(.never, after: 10_000 * Self.day))
        #expect(!mayCome(.after(milliseconds: Self.day), after: Self.day - 1))
        #expect(mayCome(.after(milliseconds: Self.day), after: Self.day))
        // An event that came late is before the purchase.
        #expect(!mayCome(.after(milliseconds: Self.day), after: -Self.day))
        #expect(Repurchase.never.isNever && Repurchase(.never, byCategory: [["A"]: .never]).isNever)
        #expect(!Repurchase(.never, byCategory: [["A"]: .always]).isNever)
    }
}
