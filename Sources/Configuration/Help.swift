extension ArgumentReader {
    /// The help of the command that read these arguments.
    ///
    /// - Parameter invocation: program and command: `breadcrumb user`.
    public func help(invocation: String, abstract: String) -> String {
        var usage = "Usage: " + invocation
        if !options.isEmpty || !keyFlags.isEmpty { usage += " [options]" }
        for positional in positionals {
            usage += positional.repeats ? " [\(positional.name) …]" : " \(positional.name)"
        }
        var text = "\(abstract)\n\n\(usage)\n"
        if !positionals.isEmpty {
            text += "\nArguments:\n" + Self.columns(positionals.map { ($0.name, $0.doc) })
        }
        let rows = options.map { option in
            (
                "--" + option.name + (option.kind.map { " (\($0))" } ?? ""),
                option.doc + (option.standard.map { " Default: \($0)." } ?? "")
            )
        }
        text += "\nOptions:\n" + Self.columns(rows + [("--help", "Shows this help.")])
        if !keyFlags.isEmpty {
            text += "\nEvery configuration key is an option as well; `breadcrumb config --keys` lists them.\n"
        }
        return text
    }

    /// Two columns; a left side that is too long has a line of its own.
    public static func columns(_ rows: [(String, String)]) -> String {
        let width = min(30, rows.map(\.0.count).max() ?? 0)
        return rows.map { left, right in
            let gap =
                left.count <= width
                ? String(repeating: " ", count: width - left.count + 2)
                : "\n" + String(repeating: " ", count: width + 4)
            return "  " + left + gap + right + "\n"
        }.joined()
    }
}
