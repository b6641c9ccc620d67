/// A key as it was declared and read: what documentation and `breadcrumb config` print.
public struct KeyEntry: Equatable, Sendable {
    /// `kafka.session_timeout`
    public let name: String
    /// What to write: "a duration such as …".
    public let kind: String
    /// The range, choices or rule; empty where the type says it all.
    public let constraint: String
    /// The default as written, nil where there is none.
    public let standard: String?
    /// What it means, as a sentence.
    public let doc: String
    /// The value in force as TOML has it, `***` for a secret, nil where there is none.
    public internal(set) var value: String?
    /// Where the value came from.
    public internal(set) var origin: Origin

    /// `BREADCRUMB_KAFKA_SESSION_TIMEOUT`
    public var variable: String { KeyName.variable(table.map { $0 + ".NAME" } ?? name) }
    /// `--kafka-session-timeout`
    public var flag: String { "--" + (table.map { KeyName.flag($0) + " NAME=VALUE" } ?? KeyName.flag(name)) }

    /// The table of free names that the key stands for: `kafka.properties` for `kafka.properties.*`.
    var table: String? { name.hasSuffix(".*") ? String(name.dropLast(2)) : nil }
}

/// The forms of a key's name.
enum KeyName {
    static let variablePrefix = "BREADCRUMB_"
    /// Names the configuration file where `--config` does not.
    static let fileVariable = "BREADCRUMB_CONFIG"

    static func variable(_ name: String) -> String {
        variablePrefix + name.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
    }

    static func flag(_ name: String) -> String {
        String(name.map { $0 == "." || $0 == "_" ? "-" : $0 })
    }
}
