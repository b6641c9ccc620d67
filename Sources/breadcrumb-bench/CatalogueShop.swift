import Commerce
import Foundation
import LinearAlgebra
import TwoTower

/// A made-up catalogue that is the same at every run, and a model that knows its first items.
///
/// The model's weights are random; an item's shelf has the largest part in its vector, its own embedding and the words of its
/// title have less, so that items of a shelf lie together as those of a trained tower do. Shoppers lie near items.
struct CatalogueShop {
    /// Knows items 0..<`known` by their first titles.
    let model: Model
    let known: Int
    /// [users, d]: vectors of shoppers whom the index was not tuned on.
    let queries: [Float]
    private let shelves: Int

    private static let dimension = 64
    private static let itemsOfShelf = 100
    private static let shelvesOfAisle = 20
    private static let brands = 2_000
    private static let brandsOfShelf = 20
    private static let words = 4_096
    private static let users = 1_024
    /// Of title, description, category, brand and price: see `ItemField`.
    private static let gains: [Float] = [2, 0, 4, 1, 0]

    init(items: Int) {
        known = items
        let shelves = max(Self.shelvesOfAisle, items / Self.itemsOfShelf)
        self.shelves = shelves
        let tokens =
            (0...shelves / Self.shelvesOfAisle).map { "c:aisle-\($0)" } + (0..<shelves).map { "c:shelf-\($0)" }
            + (0..<Self.brands).map { "b:brand-\($0)" } + (0..<Self.words).map { "w:word\($0)" }
        let layout = TowerLayout(
            TowerShape(items: items, tokens: tokens.count, dimension: Self.dimension, blocks: 1, hidden: 128))
        var random = SplitMix64(seed: 11)
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<layout.count { parameters.pointer[index] = Float(0.6 * random.uniform() - 0.3) }
        for index in 0..<items * Self.dimension { parameters.pointer[layout.itemEmbedding.offset + index] *= 0.5 }
        for (field, gain) in Self.gains.enumerated() { parameters.pointer[layout.fieldGain.offset + field] = gain }
        let vectors = FloatBuffer(count: items * Self.dimension)
        let audience = FloatBuffer(count: Self.users * Self.dimension)
        // The buffers are filled before anybody else sees the model.
        model = Model(
            version: "made-up", layout: layout, parameters: parameters, itemVectors: vectors, audience: audience,
            vocabulary: FeatureVocabulary(tokens: tokens), items: (0..<items).map(Self.id))
        for first in stride(from: 0, to: items, by: 4_096) {
            let some = first..<min(items, first + 4_096)
            _ = model.outputVectors(
                of: some.map { Self.item($0, shelves: shelves) },
                into: UnsafeMutableBufferPointer(
                    start: vectors.pointer + first * Self.dimension, count: some.count * Self.dimension))
        }
        for (place, value) in Self.shoppers(of: model, &random).enumerated() { audience.pointer[place] = value }
        queries = Self.shoppers(of: model, &random)
    }

    /// [users, d]: vectors near items.
    private static func shoppers(of model: Model, _ random: inout SplitMix64) -> [Float] {
        (0..<users).flatMap { _ in
            let item = Int(random.uniform() * Double(model.items.count))
            return model.trainedOutput(item).map { 4 * ($0 + Float(0.06 * random.normal())) }
        }
    }

    /// An item's identifier.
    static func id(_ number: Int) -> ItemID { ItemID("item-\(number)") }

    /// An item's record in its `edition`: each has another title and price.
    func item(_ number: Int, edition: Int = 0) -> CatalogueItem {
        Self.item(number, edition: edition, shelves: shelves)
    }

    private static func item(_ number: Int, edition: Int = 0, shelves: Int) -> CatalogueItem {
        var random = SplitMix64(seed: 12, streams: number)
        func upTo(_ count: Int) -> Int { Int(random.uniform() * Double(count)) }
        let (shelf, place) = (upTo(shelves), upTo(brandsOfShelf))
        random = SplitMix64(seed: 13, streams: number, edition)
        return CatalogueItem(
            item: id(number), title: "word\(upTo(words)) word\(upTo(words)) word\(upTo(words))",
            category: ["aisle-\(shelf / shelvesOfAisle)", "shelf-\(shelf)"],
            brand: "brand-\((shelf * 7 + place) % brands)",
            price: Double(upTo(100_000)) / 100, currency: "EUR", markets: ["DE", "FR"])
    }
}
