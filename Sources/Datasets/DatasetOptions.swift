import Commerce

/// Why a file of events or items cannot be used at all.
public struct DatasetFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// One sentence: the file, the place, the remedy.
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// How the rows of a file are written. `.gz` of each is unpacked.
public enum DatasetFormat: String, CaseIterable, Sendable {
    /// A header, then fields between tabs; quotes mean nothing.
    case tsv
    /// A header, then fields between commas, quoted where they hold commas, quotes or line ends (RFC 4180).
    case csv
    /// A JSON object a line, in the contract's form.
    case jsonLines = "jsonl"

    /// The format that a file's name tells.
    public init(path: String) throws(DatasetFault) {
        var name = Substring(path.split(separator: "/").last ?? "")
        if name.hasSuffix(".gz") { name = name.dropLast(3) }
        switch name.split(separator: ".").last {
        case "tsv", "tab": self = .tsv
        case "csv": self = .csv
        case "jsonl", "ndjson", "json": self = .jsonLines
        default:
            throw DatasetFault("\(path): the name tells no format: end it in .csv, .tsv or .jsonl (or each with .gz)")
        }
    }
}

/// How the times of a CSV or TSV file are written. (Those of JSON lines are the contract's.)
public enum TimeFormat: String, CaseIterable, Sendable {
    /// Whichever of the others fits. A number below 946,684,800,000 is seconds, since as milliseconds it would be before the
    /// year 2000, which the contract refuses; so no number has two meanings.
    case automatic = "auto"
    /// Seconds since 1970, with or without a fraction.
    case seconds
    /// Milliseconds since 1970.
    case milliseconds
    /// `2026-11-01T12:00:00.123Z`, `2026-11-01T14:00:00+02:00`.
    case rfc3339
    /// `2026-11-01 12:00:00`, taken as UTC.
    case spaced = "datetime"
}

/// Which column holds which field, where the names differ.
///
/// An entry is written `user_id=customer` (field, column), or `type==purchase` for a value that all rows share.
public struct ColumnMap: Equatable, Sendable {
    /// Where a field comes from.
    package enum Source: Equatable, Sendable {
        case column(String)
        case constant(String)
    }

    package private(set) var sources: [String: Source] = [:]

    /// Every field from the column of its own name.
    public init() {}

    /// The map of such entries.
    public init(entries: [String]) throws(DatasetFault) {
        for entry in entries {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw DatasetFault("the column map \(excerpt(entry)) is not of the form field=column or field==value")
            }
            let isConstant = parts[1].hasPrefix("=")
            let source: Source = isConstant ? .constant(String(parts[1].dropFirst())) : .column(String(parts[1]))
            guard sources.updateValue(source, forKey: String(parts[0])) == nil else {
                throw DatasetFault("the column map names the field \(excerpt(parts[0])) twice")
            }
        }
    }
}

/// How a file is to be read.
public struct DatasetOptions: Equatable, Sendable {
    /// Nil: as the file's name tells.
    public var format: DatasetFormat?
    public var columns: ColumnMap
    /// What a CSV or TSV file calls actions, where it is not the contract's name: `["view": .browse]`.
    public var actions: [String: Action]
    /// The columns of a CSV or TSV file whose cells are attributes of the event's shopper, by their names.
    public var attributes: [String]
    /// The vector columns that the catalogue's schema declares: a vector of another width is refused. Others pass.
    public var vectors: [VectorColumn]
    public var time: TimeFormat
    /// What stands between the levels of a category path in a CSV or TSV file; spaces around levels are dropped.
    public var categorySeparator: String
    /// The latest time an event may bear.
    public var latest: EventTime
    /// The largest row in bytes.
    public var maximumRow: Int

    public init(
        format: DatasetFormat? = nil, columns: ColumnMap = ColumnMap(), actions: [String: Action] = [:],
        attributes: [String] = [], vectors: [VectorColumn] = [], time: TimeFormat = .automatic,
        categorySeparator: String = ">",
        latest: EventTime = .latest, maximumRow: Int = 1 << 20
    ) {
        self.format = format
        self.columns = columns
        self.actions = actions
        self.attributes = attributes
        self.vectors = vectors
        self.time = time
        self.categorySeparator = categorySeparator
        self.latest = latest
        self.maximumRow = maximumRow
    }
}
