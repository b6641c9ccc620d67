import Commerce

/// Collects a shop's files into an `EvaluationLog`.
public struct EvaluationLogBuilder {
    private var entries: [EvaluationLog.Entry] = []
    private var users = Rows<Shopper>()
    private var items = Rows<ItemID>()
    private var sessions = Rows<String>()
    private var attributeSets = Rows<[String: String]>()
    private var catalogue: [CatalogueItem] = []

    public init() {}

    /// Adds an event; the order of appending counts between events of equal time.
    public mutating func append(_ event: Event) {
        entries.append(
            EvaluationLog.Entry(
                user: users.row(of: event.shopper), item: items.row(of: event.item),
                session: event.sessionID.map { sessions.row(of: $0) } ?? -1,
                attributes: attributeSets.row(of: event.attributes), action: event.action, time: event.time.rawValue))
    }

    /// Adds a catalogue record: its item becomes a candidate.
    public mutating func append(_ item: CatalogueItem) { catalogue.append(item) }

    /// The log of all that was added.
    /// - Throws: `EvaluationError` if there is no event.
    public consuming func build() throws(EvaluationError) -> EvaluationLog {
        let places = catalogue.map { items.row(of: $0.item) }
        var catalogueRows = [Int32](repeating: -1, count: items.names.count)
        for (index, row) in places.enumerated() { catalogueRows[Int(row)] = Int32(clamping: index) }
        return try EvaluationLog(
            entries: entries, users: users.names, items: items.names, sessions: sessions.names,
            attributeSets: attributeSets.names, catalogue: catalogue, catalogueRows: catalogueRows)
    }

    /// Identifiers and their rows, in order of first appearance.
    private struct Rows<Name: Hashable> {
        private(set) var names: [Name] = []
        private var rows: [Name: Int32] = [:]

        /// More rows than fit are refused by the log itself.
        mutating func row(of name: Name) -> Int32 {
            if let row = rows[name] { return row }
            let row = Int32(clamping: names.count)
            rows[name] = row
            names.append(name)
            return row
        }
    }
}
