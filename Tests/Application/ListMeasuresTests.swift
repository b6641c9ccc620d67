import Application
import Commerce
import Retrieval
import Testing
import TwoTower

@Suite("What lists are like")
struct ListMeasuresTests {
    private let index: InvertedIndex
    private let lists: [[ScoredItem]]

    /// Thirty items, every seventh of which is new; lists of 0 to 5 of them.
    init() throws {
        var random = SplitMix64(seed: 5)
        var index = IndexPlan.flat(dimension: 16, items: 30).index
        for item in 0..<30 {
            let vector = (0..<16).map { _ in Float.random(in: -2...2, using: &random) }
            let profile = ItemAttributes.Profile(
                category: item % 4 == 0 ? [] : ["c\(item % 3)", "d\(item % 2)"],
                brand: item % 5 == 0 ? nil : "b\(item % 6)")
            try index.upsert(
                ItemID("i\(item)"), vector.span, ItemAttributes(profile: profile),
                number: item % 7 == 0 ? nil : Int32(item))
        }
        self.index = index
        lists = (0..<40).map { size in
            (0..<30).shuffled(using: &random).prefix(size % 6).map { item in
                ScoredItem(item: ItemID("i\(item)"), score: 0, number: item % 7 == 0 ? nil : Int32(item))
            }
        }
    }

    private func cosine(_ a: ScoredItem, _ b: ScoredItem) throws -> Double {
        let (a, b) = try (
            #require(index.vector(of: a.item)).vector.map(Double.init),
            #require(index.vector(of: b.item)).vector.map(Double.init)
        )
        func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    @Test("Every measure is what its definition says, pair by pair and item by item")
    func naive() throws {
        var (diversities, categories, brands): ([Double], [Double], [Double]) = ([], [], [])
        for list in lists {
            var distances: [Double] = []
            for i in list.indices {
                for j in list.indices where i < j { distances.append(1 - (try cosine(list[i], list[j]))) }
            }
            if !distances.isEmpty { diversities.append(mean(distances)) }
            let profiles = try list.map { try #require(index.attributes(of: $0.item)).profile }
            let paths = profiles.map { $0.category.joined(separator: ">") }.filter { $0 != "" }
            if !paths.isEmpty { categories.append(Double(Set(paths).count) / Double(paths.count)) }
            let names = profiles.compactMap { $0.brand }
            if !names.isEmpty { brands.append(Double(Set(names).count) / Double(names.count)) }
        }
        let places = lists.flatMap { $0 }
        let measures = ListMeasures(lists, in: index)
        #expect(abs(measures.length - Double(places.count) / Double(lists.count)) < 1e-12)
        #expect(abs(try #require(measures.diversity) - mean(diversities)) < 1e-9)
        #expect(abs(try #require(measures.categories) - mean(categories)) < 1e-12)
        #expect(abs(try #require(measures.brands) - mean(brands)) < 1e-12)
        #expect(measures.new == mean(places.map { $0.number == nil ? 1 : 0 }))
        #expect(measures.coverage == Double(Set(places.map { $0.item }).count) / 30)
    }

    @Test("What no list tells is not a number")
    func nothing() {
        let none = ListMeasures([[]], in: index)
        #expect(none.diversity == nil && none.categories == nil && none.brands == nil && none.new == nil)
        #expect(none.length == 0 && none.coverage == 0)
        #expect(ListMeasures([Array(lists[1])], in: index).diversity == nil)
    }
}
