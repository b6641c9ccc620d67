/// Keys as people read them.
public enum KeyReport {
    /// The values in force, each with where it came from: TOML that can be used as a file.
    public static func values(_ entries: [KeyEntry]) -> String {
        let lines = entries.filter { $0.table == nil }.map { entry in
            switch entry.value {
            case nil: ("# \(entry.name)", "not set")
            case Secret.shown: ("# \(entry.name) = \(Secret.shown)", entry.origin.description)
            case .some(let value): ("\(entry.name) = \(value)", entry.origin.description)
            }
        }
        let width = min(50, lines.map(\.0.count).max() ?? 0)
        return lines.map { left, origin in
            left + String(repeating: " ", count: max(0, width - left.count)) + "  # \(origin)\n"
        }.joined()
    }

    /// Every declared key with its meaning, limits, default, variable and flag.
    public static func documentation(_ entries: [KeyEntry]) -> String {
        entries.filter(\.isDeclared).map { entry in
            """
            \(entry.name)
                \(entry.doc)
                \(entry.accepts); \(entry.standard.map { "default \($0)" } ?? "no default")
                \(entry.variable)  \(entry.flag)

            """
        }.joined(separator: "\n")
    }

    /// The same as a Markdown table.
    public static func markdown(_ entries: [KeyEntry]) -> String {
        func cell(_ text: String) -> String { text.split(separator: "|").joined(separator: "\\|") }
        let rows = entries.filter(\.isDeclared).map { entry in
            "| `\(entry.name)` | \(entry.standard.map { "`\($0)`" } ?? "–") | \(cell(entry.accepts)) | \(cell(entry.doc)) |\n"
        }
        return "| key | default | value | meaning |\n|---|---|---|---|\n" + rows.joined()
    }
}

extension KeyEntry {
    /// Not one of the free names of a table.
    fileprivate var isDeclared: Bool { !doc.isEmpty }

    /// `an integer (events): 1 to 4096`
    fileprivate var accepts: String { constraint.isEmpty ? kind : "\(kind): \(constraint)" }
}
