import Commerce

/// The feature tokens that have an embedding, and how a catalogue record becomes a bag of them.
///
/// A token is a kind and a value: `t:` a title word, `c:` a category level, `p:` a category path from the top, `b:` the
/// brand, `m:` the price band. Values that training saw too rarely have no row and are skipped.
package struct FeatureVocabulary: Sendable {
    /// Row to token.
    package let tokens: [String]
    private let rows: [String: Int32]

    /// Longest bag: a title of novel length must not cost more than its first words.
    package static let maximumBag = 64

    /// The vocabulary with these tokens as rows 0, 1, …; of a repeated token the last row counts.
    package init(tokens: [String]) {
        self.tokens = tokens
        var rows: [String: Int32] = [:]
        rows.reserveCapacity(tokens.count)
        for (row, token) in tokens.enumerated() { rows[token] = Int32(row) }
        self.rows = rows
    }

    /// Rows of the record's tokens, ascending and each once: equal records give equal sums, whatever their word order.
    package func bag(of item: CatalogueItem) -> [Int32] {
        let found = Set(Self.tokens(of: item).compactMap { rows[$0] })
        return Array(found.sorted().prefix(Self.maximumBag))
    }

    /// Every token of a record, in order of appearance, repeats included.
    package static func tokens(of item: CatalogueItem) -> [String] {
        var tokens: [String] = []
        if let title = item.title {
            tokens += words(of: title).prefix(maximumBag).map { "t:" + $0 }
        }
        var path = "p:"
        for level in item.category.prefix(16) {
            let name = level.lowercased()
            path += "/" + name
            tokens.append("c:" + name)
            if path != "p:/" + name { tokens.append(path) }
        }
        if let brand = item.brand, !brand.isEmpty { tokens.append("b:" + brand.lowercased()) }
        if let band = item.price.flatMap(priceBand) { tokens.append("m:\(band)") }
        return tokens
    }

    /// Runs of letters and digits, in lower case.
    static func words(of text: String) -> [String] {
        text.lowercased().unicodeScalars
            .split { !($0.properties.isAlphabetic || $0.properties.numericType != nil) }
            .map { String(String.UnicodeScalarView($0)) }
    }

    /// Four bands per doubling of the price; nil for a price that is no positive number.
    static func priceBand(_ price: Double) -> Int? {
        guard price.isFinite, price > 0, price.isNormal else { return nil }
        // Comparisons with 2^¼, 2^½ and 2^¾ in place of a logarithm, whose last bit differs between processors.
        let steps = [1.189207115002721, 1.4142135623730951, 1.681792830507429]
        return 4 * Int(price.exponent) + steps.count { price.significand >= $0 }
    }
}
