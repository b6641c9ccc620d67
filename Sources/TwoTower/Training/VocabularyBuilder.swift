import Commerce

/// Finds the features of a catalogue that are worth an embedding, and the features of the log's items.
struct VocabularyBuilder {
    let vocabulary: FeatureVocabulary
    let bags: FeatureBags
    /// The columns of supplied vectors, by name.
    let columns: [VectorColumn]

    /// - Parameter catalogue: of two records of one item the later counts, as in the catalogue topic.
    /// - Throws: `TrainingError.badCatalogue` where a supplied vector of one of the items does not fit its column.
    init(items: [ItemID], catalogue: [CatalogueItem], settings: TrainingSettings) throws(TrainingError) {
        let places = Dictionary(
            catalogue.indices.map { (catalogue[$0].item, $0) }, uniquingKeysWith: { _, last in last })
        let records = items.map { item in places[item].map { catalogue[$0] } }
        let prices = PriceScale(learning: places.values.lazy.map { catalogue[$0] })
        let trained = Set(items)
        // Tokens of no trained item would stay at their start: only the others are counted in the rest of the catalogue.
        var counts: [String: Int] = [:]
        for record in records.lazy.compactMap({ $0 }) {
            for token in Set(FeatureVocabulary.tokens(of: record, prices: prices).joined()) {
                counts[token, default: 0] += 1
            }
        }
        for place in places.values where !trained.contains(catalogue[place].item) {
            for token in Set(FeatureVocabulary.tokens(of: catalogue[place], prices: prices).joined()) {
                if let count = counts[token] { counts[token] = count + 1 }
            }
        }
        let frequent = counts.filter { $0.value >= settings.minimumTokenItems }
            .sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        vocabulary = FeatureVocabulary(
            tokens: frequent.prefix(settings.maximumTokens).map(\.key), prices: prices)
        columns = Self.columns(settings.vectorColumns, of: records, fewest: settings.minimumTokenItems)
        do {
            bags = try FeatureBags(records, vocabulary: vocabulary, columns: columns)
        } catch { throw TrainingError(.badCatalogue, error.description) }
    }

    /// The columns that at least `fewest` of the records have: those declared, or else all, with the width of most of their vectors.
    private static func columns(
        _ declared: [VectorColumn]?, of records: [CatalogueItem?], fewest: Int
    ) -> [VectorColumn] {
        var widths: [String: [Int: Int]] = [:]
        for record in records {
            for (name, vector) in record?.vectors ?? [:] { widths[name, default: [:]][vector.count, default: 0] += 1 }
        }
        let found = widths.filter { $0.value.values.reduce(0, +) >= fewest }
        let columns =
            declared?.filter { found[$0.name] != nil }
            ?? found.compactMap { name, counts in
                counts.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { VectorColumn(name: name, width: $0.key) }
            }
        return columns.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
