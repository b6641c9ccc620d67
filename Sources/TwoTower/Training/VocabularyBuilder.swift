import Commerce

/// Finds the features of a catalogue that are worth an embedding, and the bags of the log's items.
struct VocabularyBuilder {
    let vocabulary: FeatureVocabulary
    let bags: FeatureBags

    /// - Parameter catalogue: of two records of one item the later counts, as in the catalogue topic.
    init(items: [ItemID], catalogue: [CatalogueItem], settings: TrainingSettings) {
        let records = Dictionary(catalogue.map { ($0.item, $0) }, uniquingKeysWith: { _, last in last })
        var counts: [String: Int] = [:]
        for item in items {
            guard let record = records[item] else { continue }
            for token in Set(FeatureVocabulary.tokens(of: record)) { counts[token, default: 0] += 1 }
        }
        let frequent = counts.filter { $0.value >= settings.minimumTokenItems }
            .sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        let vocabulary = FeatureVocabulary(tokens: frequent.prefix(settings.maximumTokens).map(\.key))
        self.vocabulary = vocabulary
        bags = FeatureBags(items.map { records[$0].map(vocabulary.bag) ?? [] })
    }
}
