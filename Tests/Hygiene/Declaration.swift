/// A declaration of a Swift file, read from its first line: enough for a rule about documentation.
struct Declaration {
    private static let modifiers: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private", "static", "final", "mutating", "nonmutating",
        "nonisolated", "indirect", "override",
        "required",
        "convenience", "consuming", "borrowing", "lazy", "weak", "unowned", "private(set)", "internal(set)",
        "package(set)",
    ]
    private static let kinds: Set<Substring> = [
        "func", "var", "let", "struct", "class", "enum", "actor", "protocol", "init", "subscript", "typealias",
        "associatedtype",
    ]

    /// `func`, `var`, `init`, …
    let kind: Substring
    /// Name of a function, a property or a type; of an initialiser the head up to its first colon.
    let name: String
    /// All from the kind to the opening brace or the end of the head.
    let head: String
    /// Declared `public` or `package`.
    let isShared: Bool
    /// A `///` line stands above it or above its attributes.
    let isDocumented: Bool

    /// The declaration that begins in this line, if one does.
    init?(_ file: ProjectFile, at index: Int) {
        var words = file.code[index].split(separator: " ")[...]
        words = words.drop { $0.hasPrefix("@") }
        let found = words.prefix { Self.modifiers.contains($0) }
        let rest = words.dropFirst(found.count)
        guard let first = rest.first else { return nil }
        kind = first.prefix { $0.isLetter }
        guard Self.kinds.contains(kind), kind == first || kind == "init" || kind == "subscript" else { return nil }
        isShared = found.contains("public") || found.contains("package")
        var lines = [rest.joined(separator: " ")]
        var next = index + 1
        while lines.last?.hasSuffix("(") == true || lines.count > 1 && lines.last?.hasSuffix(",") == true {
            guard next < file.code.count else { break }
            lines.append(String(file.code[next].drop { $0 == " " }))
            next += 1
        }
        if lines.count > 1, next < file.code.count { lines.append(String(file.code[next].drop { $0 == " " })) }
        head = lines.joined(separator: " ")
        if kind == "init" {
            name = String(head.prefix { $0 != ":" && $0 != ")" }).replacing(" ", with: "")
        } else {
            let after = rest.dropFirst().first ?? ""
            let identifier = after.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "`" }
            name = String(identifier.isEmpty ? after.prefix { $0 != "(" } : identifier)
        }
        let above = file.lines[..<index].last { !$0.drop { $0 == " " }.hasPrefix("@") } ?? ""
        isDocumented = above.drop { $0 == " " }.hasPrefix("///")
    }

    /// Kind and name, for a message.
    var title: String { kind == "init" ? "an initialiser that can fail" : "\(kind) \(name)" }

    /// A stored property; its meaning may be plain from its name and type.
    var isStored: Bool { (kind == "var" || kind == "let") && (!head.contains("{") || head.contains("= ")) }

    /// A number says nothing of its unit or range.
    var isNumber: Bool {
        head.replacing("[UInt8]", with: "").contains(/:\s*\[?(?:U?Int\d*|Float|Double)\b|= -?\d/)
    }

    /// It can throw or come back with nothing.
    var canFail: Bool { head.contains(/\bthrows\b/) || head.hasPrefix("init?") }
}
