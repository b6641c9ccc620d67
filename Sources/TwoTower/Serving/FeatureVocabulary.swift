import Commerce

/// The parts of a catalogue record whose tokens are averaged apart, in the order of their gains.
package enum ItemField: Int, CaseIterable, Sendable {
    case title, description, category, brand, price

    /// Rows that a bag of the field holds at most: a record of novel length must not cost more than its telling words.
    var longestBag: Int { self == .description ? 48 : 32 }
}

/// The token rows of one item: by field, ascending and each once.
package struct ItemBag: Equatable, Sendable {
    /// One array for each of `ItemField.allCases`.
    package let fields: [[Int32]]

    /// No feature at all.
    package static let empty = ItemBag(ItemField.allCases.map { _ in [] })

    /// A bag of such rows, one array for each of `ItemField.allCases`.
    package init(_ fields: [[Int32]]) {
        precondition(fields.count == ItemField.allCases.count, "\(fields.count) fields")
        self.fields = fields
    }
}

/// The feature tokens that have an embedding, and how a catalogue record becomes bags of them.
///
/// A token is a kind and a value: `w:` a word of title or description, `c:` a category level, `p:` a category path from the top,
/// `b:` the brand, `m:` the price band, `q:` the price within its category. Values that training saw too rarely have no row
/// and are skipped. Title and description share the words: they mean the same in either, and their gains tell how much.
package struct FeatureVocabulary: Sendable {
    /// Row to token, by falling frequency.
    package let tokens: [String]
    /// Where prices stand within their categories.
    package let prices: PriceScale
    private let rows: [String: Int32]

    /// The vocabulary with these tokens as rows 0, 1, …; of a repeated token the last row counts.
    package init(tokens: [String], prices: PriceScale = PriceScale()) {
        self.tokens = tokens
        self.prices = prices
        var rows: [String: Int32] = [:]
        rows.reserveCapacity(tokens.count)
        for (row, token) in tokens.enumerated() { rows[token] = Int32(row) }
        self.rows = rows
    }

    /// The record's rows. Equal records give equal bags, whatever their word order; of too many tokens the rarest count, for
    /// these say most.
    package func bag(of item: CatalogueItem) -> ItemBag {
        ItemBag(
            zip(ItemField.allCases, Self.tokens(of: item, prices: prices)).map { field, tokens in
                Array(Set(tokens.compactMap { rows[$0] }).sorted().suffix(field.longestBag))
            })
    }

    /// Every token of a record, by field, in order of appearance, repeats included.
    package static func tokens(of item: CatalogueItem, prices: PriceScale) -> [[String]] {
        var category: [String] = []
        for path in CategoryPrefixes.of(item.category) {
            category.append("c:" + path.level)
            if path.text.utf8.count > path.level.utf8.count + 1 { category.append("p:" + path.text) }
        }
        var price: [String] = []
        if let amount = item.price, let band = priceBand(amount) {
            price.append("m:\(band)")
            if let octile = prices.octile(of: amount, in: item.category) { price.append("q:\(octile)") }
        }
        let brand = item.brand.flatMap { $0.isEmpty ? nil : "b:" + $0.lowercased() }
        return [
            Words.of(item.title, limit: 64).map { "w:" + $0 }, Words.of(item.description, limit: 512).map { "w:" + $0 },
            category, brand.map { [$0] } ?? [], price,
        ]
    }

    /// Four bands per doubling of the price; nil for a price that is no positive number.
    private static func priceBand(_ price: Double) -> Int? {
        guard price.isFinite, price > 0, price.isNormal else { return nil }
        // Comparisons with 2^¼, 2^½ and 2^¾ in place of a logarithm, whose last bit differs between processors.
        let steps = [1.189207115002721, 1.4142135623730951, 1.681792830507429]
        return 4 * Int(price.exponent) + steps.count { price.significand >= $0 }
    }
}

/// The words of a text.
private enum Words {
    /// A longer run of letters is no word but an accident.
    private static let longest = 64

    /// The first `limit` runs of letters and digits, in lower case.
    static func of(_ text: String?, limit: Int) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var length = 0
        func finish() {
            if length > 0, length <= longest { words.append(String(word)) }
            word = String.UnicodeScalarView()
            length = 0
        }
        for scalar in text.lowercased().unicodeScalars {
            if isWordPart(scalar) {
                length += 1
                if length <= longest { word.append(scalar) }
            } else if length > 0 {
                finish()
                if words.count == limit { return words }
            }
        }
        finish()
        return words
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else {
            return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
        return switch scalar {
        case "a"..."z", "0"..."9", "A"..."Z": true
        default: false
        }
    }
}
