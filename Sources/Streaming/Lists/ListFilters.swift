import Retrieval

/// The filters of a market's lists, each made once: what is compiled of a filter goes by the object.
package struct ListFilters {
    /// What a search is for.
    package enum Purpose: Hashable {
        case ordinary
        /// The place of a pin among the rules'.
        case pin(Int)
        case exploration
    }

    /// Items whose scores are raised alike.
    struct Class {
        let filter: ItemFilter
        let addend: Float
    }

    private struct Key: Hashable {
        let market: String?
        let purpose: Purpose
    }

    private let rules: ListRules
    private var known: [Key: [Class]] = [:]
    /// What was asked for last, which is mostly asked for again.
    private var last: (key: Key, classes: [Class])?

    /// A shop has few markets; whoever makes up names must not fill the memory.
    private static let mostKnown = 1024

    init(_ rules: ListRules) { self.rules = rules }

    /// Classes of items that together are what may be in a market's list for this purpose, and that no item is in two of: one for
    /// each set of boosts.
    mutating func classes(_ market: String?, _ purpose: Purpose) -> [Class] {
        let key = Key(market: market, purpose: purpose)
        if let last, last.key == key { return last.classes }
        let classes = known[key] ?? make(key)
        known[key] = classes
        last = (key, classes)
        return classes
    }

    private mutating func make(_ key: Key) -> [Class] {
        if known.count >= Self.mostKnown { known.removeAll() }
        var conditions = [rules.filter]
        if let market = key.market { conditions.append(.market(market)) }
        switch key.purpose {
        case .ordinary: break
        case .pin(let pin): conditions.append(rules.pins[pin].condition)
        case .exploration: conditions.append(.new)
        }
        return (0..<1 << rules.boosts.count).map { set in
            var (all, addend) = (conditions, Float(0))
            for (number, boost) in rules.boosts.enumerated() {
                let isIn = set >> number & 1 == 1
                all.append(isIn ? boost.condition : .not(boost.condition))
                if isIn { addend += boost.addend }
            }
            return Class(filter: ItemFilter(.all(all)), addend: addend)
        }
    }
}
