import Commerce
import Kafka

/// Titles from the catalogue topic, of the items that are asked for.
enum ItemTitles {
    /// Reads the topic to its watermarks and keeps the titles of `items`; withdrawn items have none.
    static func read(
        _ configuration: KafkaConfiguration, topic: String, of items: Set<ItemID>, timeout: Duration
    ) throws(KafkaError) -> [ItemID: String] {
        guard !items.isEmpty else { return [:] }
        let wanted = Set(items.map { Array($0.rawValue.utf8) })
        let decoder = CatalogueDecoder()
        var titles: [ItemID: String] = [:]
        try KafkaReader(configuration, topic: topic, timeout: timeout).readToEnd { message in
            guard let key = message.key, wanted.contains(key) else { return }
            switch decoder.decode(key: key, value: message.value) {
            case .upsert(let item): titles[item.item] = item.title
            case .withdrawal(let item): titles[item] = nil
            // As for the pipeline: a broken record leaves what was known.
            case .refused: break
            }
        }
        return titles
    }
}
