/// What stands in a source before it has a type.
public enum RawValue: Equatable, Sendable {
    /// From an environment variable or the command line, which have no types.
    case untyped(String)
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    /// A TOML date or time, as written.
    case date(String)
    case array([RawValue])
    case table

    /// The value in a message, as TOML would write it.
    var shown: String {
        switch self {
        case .untyped(let text):
            text.isEmpty || TOMLText.quoted(text).count > text.count + 2 ? TOMLText.quoted(text) : text
        case .string(let text): TOMLText.quoted(text)
        case .date(let text): text
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .boolean(let value): String(value)
        case .array(let values): "[" + values.map(\.shown).joined(separator: ", ") + "]"
        case .table: "a table"
        }
    }
}

/// A type that keys and options can have.
public protocol ConfigurationValue: Equatable, Sendable {
    /// What to write, in a few words: "a duration such as 500ms, 30s, 2m, 7d".
    static var kind: String { get }

    /// Nil where `raw` is not of this type.
    init?(_ raw: RawValue)

    /// What is wrong with a value that is not of this type, one text a mistake.
    static func complaints(about raw: RawValue) -> [String]

    /// The value as one writes it in a variable or a flag.
    var text: String { get }

    /// The value as TOML has it.
    var toml: String { get }
}

extension ConfigurationValue {
    /// That it is not of this type.
    public static func complaints(about raw: RawValue) -> [String] { ["\(raw.shown) is not \(kind)"] }

    public var toml: String { TOMLText.quoted(text) }
}

/// Texts as TOML has them.
enum TOMLText {
    /// A basic string, its control characters escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.properties.generalCategory == .control:
                let hexadecimal = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension Int: ConfigurationValue {
    public static var kind: String { "an integer" }

    public init?(_ raw: RawValue) {
        switch raw {
        case .integer(let value): self.init(exactly: value)
        case .untyped(let text): self.init(text)
        default: return nil
        }
    }

    public var text: String { String(self) }
    public var toml: String { text }
}

extension Double: ConfigurationValue {
    public static var kind: String { "a number" }

    public init?(_ raw: RawValue) {
        let value: Double? =
            switch raw {
            case .integer(let value): Double(value)
            case .number(let value): value
            case .untyped(let text): Double(text)
            default: nil
            }
        guard let value, value.isFinite else { return nil }
        self = value
    }

    public var text: String { String(self) }
    public var toml: String { text }
}

extension Bool: ConfigurationValue {
    public static var kind: String { "true or false" }

    public init?(_ raw: RawValue) {
        switch raw {
        case .boolean(let value): self = value
        case .untyped(let text): self.init(text)
        default: return nil
        }
    }

    public var text: String { String(self) }
    public var toml: String { text }
}

extension String: ConfigurationValue {
    public static var kind: String { "a text" }

    public init?(_ raw: RawValue) {
        switch raw {
        case .string(let text), .untyped(let text): self = text
        default: return nil
        }
    }

    public var text: String { self }
}

/// An enumeration of texts is a choice of them.
extension ConfigurationValue where Self: RawRepresentable, Self: CaseIterable, Self.RawValue == String {
    public static var kind: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }

    public init?(_ raw: Configuration.RawValue) {
        guard let text = String(raw) else { return nil }
        self.init(rawValue: text)
    }

    public var text: String { rawValue }
}
