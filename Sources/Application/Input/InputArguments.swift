import Commerce
import Configuration
import Datasets
import Foundation

// Names for values that belong to modules which know nothing of configuration.
extension TimeFormat: ConfigurationValue {}
extension DatasetFormat: ConfigurationValue {}

extension EventTime: ConfigurationValue {
    public static var kind: String { "a time such as 2026-11-01T00:00:00Z" }

    public init?(_ raw: Configuration.RawValue) {
        switch raw {
        case .string(let written), .untyped(let written), .date(let written): self.init(rfc3339: written.utf8)
        default: return nil
        }
    }

    public var text: String { rfc3339 }

    /// What the machine's clock will show after `ahead`: the latest time that an event from a file can have.
    static func now(plus ahead: Duration) -> EventTime {
        EventTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) + ahead.wholeMilliseconds)
    }
}

extension ArgumentReader {
    /// Reads which files hold a shop's events and items, how both are written, and which vector columns are declared.
    mutating func shopFiles() -> (events: InputTable, items: InputTable?, vectors: [VectorColumn]?) {
        let events = required(
            "events", example: "events.csv", accepting: .notEmpty, "The events: CSV, TSV or JSON lines, also as .gz.")
        let items: String? = option(
            "items", accepting: .notEmpty, "The catalogue, in one of the same forms; without it items have no features."
        )
        var eventOptions = datasetOptions()
        var itemOptions = eventOptions
        eventOptions.columns = columnMap("column", of: "the events")
        eventOptions.actions = actionNames()
        eventOptions.attributes = attributeColumns()
        // One event in the far future would be the end of the log for ever: no later one would be new to a refresh.
        eventOptions.latest = .now(plus: .seconds(86_400))
        itemOptions.columns = columnMap("item-column", of: "the catalogue")
        let vectors = declaredVectors()
        itemOptions.vectors = vectors ?? []
        return (
            InputTable(path: events, options: eventOptions), items.map { InputTable(path: $0, options: itemOptions) },
            vectors
        )
    }

    /// Reads how a shop's files are written, columns and actions apart: `--time-format`, `--category-separator`, `--format`.
    mutating func datasetOptions() -> DatasetOptions {
        let format: DatasetFormat? = option(
            "format", "How the rows are written, where the file's name does not end in .csv, .tsv or .jsonl.")
        let time = option(
            "time-format", default: TimeFormat.automatic, "How the times of a CSV or TSV file are written.")
        let separator = option(
            "category-separator", default: ">", accepting: .notEmpty,
            "What stands between the levels of a category in a CSV or TSV file.")
        return DatasetOptions(format: format, time: time, categorySeparator: separator)
    }

    /// Reads a column map: `--column user_id=customer`, or `--column type==purchase` for what all rows share.
    ///
    /// - Parameter file: whose columns they are, for the help.
    mutating func columnMap(_ name: String, of file: String) -> ColumnMap {
        let entries = repeated(
            name, kind: "field=column",
            "Takes a field of \(file) from a column of another name; field==value gives all rows one value.")
        do throws(DatasetFault) {
            return try ColumnMap(entries: entries)
        } catch {
            refuse(error.message, at: .flag("--" + name))
            return ColumnMap()
        }
    }

    /// Reads which columns of the events hold attributes of the shopper: `--attribute-column country`.
    mutating func attributeColumns() -> [String] {
        repeated(
            "attribute-column", kind: "column",
            "A column of a CSV or TSV file of events that tells something of the shopper: country, segment, age group.")
    }

    /// Reads which vector columns the catalogue's schema declares: `--catalogue-schema topics/catalogue.json`. Nil if it is not given.
    mutating func declaredVectors() -> [VectorColumn]? {
        let path: String? = option(
            "catalogue-schema", accepting: .notEmpty,
            "The catalogue's topic file, whose schema declares the vector columns and their widths.")
        guard let path else { return nil }
        do throws(TopicDefinition.Fault) {
            return try TopicDefinition.load(file: path).vectors
        } catch {
            refuse("\(error)", at: .flag("--catalogue-schema"))
            return nil
        }
    }

    /// Reads what the file calls the actions: `--type browse=view`.
    mutating func actionNames() -> [String: Action] {
        let entries = repeated(
            "type", kind: "action=name",
            "What a CSV or TSV file calls an action: browse=view, cart=addtocart, purchase=transaction.")
        var names: [String: Action] = [:]
        for entry in entries {
            let parts = entry.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let action = Action(name: String(parts[0])) else {
                let known = Action.allCases.map(\.name).joined(separator: ", ")
                refuse("\(entry) is not of the form action=name, action being \(known)", at: .flag("--type"))
                continue
            }
            if let other = names.updateValue(action, forKey: String(parts[1])), other != action {
                refuse("\(parts[1]) cannot be both \(other.name) and \(action.name)", at: .flag("--type"))
            }
        }
        return names
    }
}
