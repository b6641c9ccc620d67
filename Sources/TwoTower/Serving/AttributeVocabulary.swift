import Commerce

/// The user attributes that have an embedding. A token is `name=value` in lower case: `country=nl`.
package struct AttributeVocabulary: Equatable, Sendable {
    /// Row to token.
    package let tokens: [String]
    private let rows: [String: Int32]

    /// The vocabulary with these tokens as rows 0, 1, …; of a repeated token the last row counts.
    package init(tokens: [String] = []) {
        self.tokens = tokens
        rows = Dictionary(tokens.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { _, last in last })
    }

    /// The tokens of an event's attributes, ascending.
    package static func tokens(of attributes: [String: String]) -> [String] {
        attributes.map { "\($0.key)=\($0.value)".lowercased() }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The rows of tokens, ascending and each once; tokens without a row are skipped.
    package func rows(of tokens: [String]) -> [Int32] { Set(tokens.compactMap { rows[$0] }).sorted() }
}

extension AttributeVocabulary {
    /// Shoppers that an attribute must have had to be worth an embedding.
    private static let fewestShoppers = 3
    /// Attributes with an embedding at most, the most frequent first.
    private static let largest = 10_000

    /// The attributes of a log's shoppers that are worth an embedding, by falling frequency.
    init(_ log: TrainingLog) {
        guard log.attributeSets.count > 1 else {
            self.init()
            return
        }
        // Each pair of shopper and set once, so that a shopper counts once for a token.
        let pairs = Set(log.entries.map { Int64($0.shopper) << 32 | Int64($0.attributes) }).sorted()
        var shoppers: [String: Int] = [:]
        var lastShopper: [String: Int64] = [:]
        for pair in pairs {
            for token in log.attributeSets[Int(pair & 0xffff_ffff)]
            where lastShopper.updateValue(pair >> 32, forKey: token) != pair >> 32 {
                shoppers[token, default: 0] += 1
            }
        }
        let frequent = shoppers.filter { $0.value >= Self.fewestShoppers }
            .sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        self.init(tokens: frequent.prefix(Self.largest).map(\.key))
    }
}
