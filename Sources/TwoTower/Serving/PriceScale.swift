import Commerce

/// Where a price stands among the prices of its category: 11 euros are much for a spoon and little for a pan.
///
/// The thresholds are prices that training saw, and all that is done with them is to compare: equal on every processor.
package struct PriceScale: Equatable, Sendable {
    /// Thresholds of a category: octiles.
    package static let count = 7
    /// Priced items that a category must have for thresholds of its own.
    private static let fewest = 32

    /// By category path (`/home/kitchen`; "" for the whole catalogue) its `count` thresholds, ascending.
    package let thresholds: [String: [Double]]

    /// A scale with these thresholds; without any, no price has a place.
    package init(thresholds: [String: [Double]] = [:]) { self.thresholds = thresholds }

    /// The scale of a catalogue.
    init(learning catalogue: some Sequence<CatalogueItem>) {
        var prices: [String: [Double]] = [:]
        for item in catalogue {
            guard let price = item.price, price.isFinite, price > 0 else { continue }
            prices["", default: []].append(price)
            for path in CategoryPrefixes.of(item.category) { prices[path.text, default: []].append(price) }
        }
        thresholds = prices.filter { $0.value.count >= Self.fewest }.mapValues { prices in
            let sorted = prices.sorted()
            return (1...Self.count).map { sorted[sorted.count * $0 / (Self.count + 1)] }
        }
    }

    /// The octile 0 … 7 of a price, by the longest prefix of its category path that has thresholds; nil where none has.
    func octile(of price: Double, in category: [String]) -> Int? {
        guard !thresholds.isEmpty else { return nil }
        let own = CategoryPrefixes.of(category).reversed().lazy.compactMap { thresholds[$0.text] }.first
        return (own ?? thresholds[""]).map { steps in steps.count { $0 <= price } }
    }

    /// What is wrong with thresholds read from a file, or nil.
    var fault: String? {
        for (path, steps) in thresholds {
            guard steps.count == Self.count, steps.allSatisfy({ $0.isFinite }), steps == steps.sorted() else {
                return "\"\(path)\" must have \(Self.count) finite ascending thresholds"
            }
        }
        return nil
    }
}
