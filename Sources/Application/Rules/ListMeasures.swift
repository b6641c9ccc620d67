import Commerce
import Retrieval

/// What lists are like, beside whether they hit: means over the lists.
package struct ListMeasures: Equatable, Sendable {
    /// Items of a list.
    package var length: Double
    /// How much the items of a list differ: the mean over its pairs of 1 - cos of the items' vectors, which is the complement of the
    /// intra-list similarity of Ziegler, McNee, Konstan and Lausen ("Improving recommendation lists through topic diversification", WWW
    /// 2005), per pair. Nil where no list has two items.
    package var diversity: Double?
    /// Distinct category paths of a list per item of it that has one. Nil where no list has such an item.
    package var categories: Double?
    /// The same of brands.
    package var brands: Double?
    /// Share of all places that hold items which the checkpoint does not know. Nil where all lists are empty.
    package var new: Double?
    /// Share of the index's items that stand in some list.
    package var coverage: Double

    /// - Parameters:
    ///   - lists: of items of the index.
    ///   - index: in which the checkpoint's items have numbers.
    package init(_ lists: [[ScoredItem]], in index: InvertedIndex) {
        let profiles = lists.map { list in list.compactMap { index.attributes(of: $0.item)?.profile } }
        length = Self.mean(lists.map { Double($0.count) }) ?? 0
        diversity = Self.mean(lists.map { Self.diversity(of: $0, in: index) })
        categories = Self.mean(profiles.map { Self.distinct($0.map(\.category).filter { !$0.isEmpty }) })
        brands = Self.mean(profiles.map { Self.distinct($0.compactMap(\.brand)) })
        let all = lists.joined()
        new = all.isEmpty ? nil : Double(all.count { $0.number == nil }) / Double(all.count)
        coverage = Double(Set(all.map(\.item)).count) / Double(max(1, index.count))
    }

    /// Of n unit vectors u, the cosines of all n (n - 1) ordered pairs sum to |Σ u|² - n.
    private static func diversity(of list: [ScoredItem], in index: InvertedIndex) -> Double? {
        guard list.count > 1 else { return nil }
        var sum = [Double](repeating: 0, count: index.dimension)
        var units = 0.0
        for item in list {
            let vector = index.vector(of: item.item)?.vector.map(Double.init) ?? []
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // One without a vector is like nothing, as it is to the rule.
            guard length > 0 else { continue }
            for (coordinate, value) in vector.enumerated() { sum[coordinate] += value / length }
            units += 1
        }
        let cosines = sum.reduce(0) { $0 + $1 * $1 } - units
        return 1 - cosines / Double(list.count * (list.count - 1))
    }

    private static func distinct(_ values: [some Hashable]) -> Double? {
        values.isEmpty ? nil : Double(Set(values).count) / Double(values.count)
    }

    /// Of those that there are.
    private static func mean(_ values: [Double?]) -> Double? {
        let values = values.compactMap { $0 }
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
