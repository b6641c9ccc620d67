import Configuration
import Streaming

/// What the shop asks of its lists beyond the score.
public struct RuleSettings: ConfigurationSection {
    /// When what was bought may be recommended again.
    public var repurchase: Repurchase.Rule
    /// The same for categories; the longest path counts.
    public var repurchaseByCategory: [CategoryRepurchase]
    public var boosts: [Boost]
    public var pins: [Pin]
    public var caps: [ListRules.Cap]
    /// Weight of similarity against score, 0 to 1.
    public var diversity: Double
    /// Share of a list's ranks for new items, 0 to 0.5.
    public var exploration: Double
    /// Lowest score of an item that is not pinned; nil for any.
    public var minimumScore: Double?

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        repurchase = keys.value(
            "rules.repurchase", default: .never,
            "When what a shopper has bought may be recommended again: how long after its last purchase, in event time.")
        repurchaseByCategory = keys.value(
            "rules.repurchase_by_category", default: [], shown: "none",
            "The same for items of a category; the longest path that an item's begins with counts.")
        boosts = keys.value(
            "rules.boosts", default: [], shown: "none",
            accepting: .atMost(4, because: "each doubles the searches that a list takes"),
            "Factors, 0.01 to 100, on the odds of the items that are so; an item gets all that are for it.")
        pins = keys.value(
            "rules.pins", default: [], shown: "none",
            "Ranks kept for the best item that is so, counted from 1; without one the rank goes to the next item."
        )
        caps = keys.value(
            "rules.caps", default: [], shown: "none",
            "At most so many items of a list of one brand, of one category (the whole path), or of one category cut at a level; "
                + "an item without a brand or a category is not counted.")
        diversity = keys.value(
            "rules.diversity", default: 0, accepting: .within(0...1),
            "How much a list's items are to differ: the weight of their similarity against their score. 0 goes by score alone."
        )
        exploration = keys.value(
            "rules.exploration", default: 0, accepting: .within(0...0.5),
            "The share of a list's ranks, rounded down and never the first, kept for items that the checkpoint does not know."
        )
        minimumScore = keys.optional(
            "rules.minimum_score",
            "Items with a lower score, boosts included, are left out, unless they are pinned. It does not apply to what trends."
        )
        refuseRepeats(&keys)
    }

    /// Refuses what is said twice.
    private func refuseRepeats(_ keys: inout KeyReader) {
        for path in Self.repeated(repurchaseByCategory.map(\.path.text)) {
            keys.refuse("rules.repurchase_by_category", "\(path) stands twice; keep one of them")
        }
        for condition in Self.repeated(boosts.map(\.condition.text)) {
            keys.refuse("rules.boosts", "\(condition) stands twice; keep one factor")
        }
        for rank in Self.repeated(pins.map(\.rank)) {
            keys.refuse("rules.pins", "rank \(rank) stands twice; keep one condition")
        }
        for attribute in Self.repeated(caps.map(\.attribute)) {
            keys.refuse("rules.caps", "\(attribute.text) stands twice; keep one number")
        }
    }

    private static func repeated<Value: Hashable>(_ values: [Value]) -> [Value] {
        var counts: [Value: Int] = [:]
        return values.filter { value in
            counts[value, default: 0] += 1
            return counts[value] == 2
        }
    }

    /// Refuses what cannot come about with the lists' size and filters.
    func check(_ lists: ListSettings, _ filters: FilterSettings, _ keys: inout KeyReader) {
        for pin in pins {
            if pin.rank > lists.size {
                keys.refuse("rules.pins", "rank \(pin.rank) is beyond the \(lists.size) of lists.size")
            }
            if let key = filters.key(leavingOut: pin.condition) {
                keys.refuse("rules.pins", "\(key) leaves out \(pin.condition.text); change one of them")
            }
        }
    }

    /// The settings as texts, equal for equal ones however they were written.
    var canonicalForm: [String] {
        [
            repurchase.text, repurchaseByCategory.canonical, boosts.canonical, pins.canonical, caps.canonical,
            diversity.text, exploration.text, minimumScore?.text ?? "",
        ]
    }
}
