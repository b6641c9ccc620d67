/// A file of the repository, in lines: as written, and with its comments and texts blanked.
struct ProjectFile: Sendable {
    enum Language { case swift, c }

    /// Path from the root.
    let path: String
    /// Every line as written.
    let lines: [Substring]
    /// The same lines with blanks for comments and string literals.
    let code: [Substring]

    init(path: String, text: String) {
        self.path = path
        lines = Self.split(text)
        code = Self.language(path) == nil ? [] : Self.split(CodeMask.code(of: text))
    }

    /// `Sources`, `Tests`, `ops`, …
    var area: Substring { path.prefix { $0 != "/" } }

    /// The folder below the area: a module's, for sources and tests.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : nil
    }

    var name: Substring { path.split(separator: "/").last ?? "" }

    var language: Language? { Self.language(path) }

    private static func language(_ path: String) -> Language? {
        switch path.split(separator: ".").last {
        case "swift": .swift
        case "c", "cpp", "h": .c
        default: nil
        }
    }

    private static func split(_ text: String) -> [Substring] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.last == "" ? lines.dropLast() : lines
    }
}
