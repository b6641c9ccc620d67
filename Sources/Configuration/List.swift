/// Several values: an array in TOML (`["Acme", "Ünder, Son"]`), a text with commas in a variable or a flag (`Acme, "Ünder, Son"`).
///
/// In a text blanks around an element do not count. An element that begins with a quotation mark ends with one, may hold commas, and
/// doubles the quotation marks within, as in CSV (RFC 4180, section 2). The empty text is the empty list.
extension Array: ConfigurationValue where Element: ConfigurationValue {
    public static var kind: String { "a list, each \(Element.kind)" }

    public init?(_ raw: RawValue) {
        guard let elements = raw.elements else { return nil }
        let values = elements.compactMap { Element($0) }
        guard values.count == elements.count else { return nil }
        self = values
    }

    /// Those of the elements, one by one.
    public static func complaints(about raw: RawValue) -> [String] {
        guard let elements = raw.elements else {
            return switch raw {
            case .untyped: ["\(raw.shown): a quoted element ends with a quotation mark, then comes a comma"]
            case .table, .array: ["\(raw.shown) is not \(kind)"]
            default: ["\(raw.shown) is not a list; write [\(raw.shown)]"]
            }
        }
        return elements.filter { Element($0) == nil }.flatMap { Element.complaints(about: $0) }
    }

    public var text: String { map { CommaText.written($0.text) }.joined(separator: ", ") }
    public var toml: String { "[" + map(\.toml).joined(separator: ", ") + "]" }
}

extension Constraint {
    /// A constraint of every element; it is the first that breaks it which the message shows.
    public static func each<Element>(_ constraint: Constraint<Element>) -> Constraint where Value == [Element] {
        Constraint(constraint.summary, hidesValue: true) { values in
            for (index, value) in values.enumerated() {
                guard let complaint = constraint.complaint(value) else { continue }
                let shown = constraint.hidesValue ? "" : ", \(RawValue.untyped(value.text).shown)"
                return "element \(index + 1)\(shown): \(complaint)"
            }
            return nil
        }
    }

    /// Lists of at most so many elements.
    ///
    /// - Parameter reason: why there may not be more.
    public static func atMost<Element>(_ count: Int, because reason: String) -> Constraint where Value == [Element] {
        Constraint("at most \(count)", hidesValue: true) { values in
            values.count <= count ? nil : "\(values.count) elements, of which there may be \(count): \(reason)"
        }
    }
}

extension RawValue {
    /// What a list is read from; nil where this is none.
    fileprivate var elements: [RawValue]? {
        switch self {
        case .array(let elements): elements
        case .untyped(let text): CommaText.elements(of: text).map { $0.map { .untyped($0) } }
        default: nil
        }
    }
}

/// Texts of elements between commas.
private enum CommaText {
    /// Nil where a quoted element has no end, or something behind it.
    static func elements(of text: String) -> [String]? {
        var rest = text.drop(while: isBlank)
        var found: [String] = []
        guard !rest.isEmpty else { return found }
        while true {
            if rest.first == "\"" {
                guard let element = takeQuoted(&rest) else { return nil }
                found.append(element)
            } else {
                let element = rest.prefix { $0 != "," }
                rest = rest.dropFirst(element.count)
                found.append(String(trimmed(element)))
            }
            guard !rest.isEmpty else { return found }
            rest = rest.dropFirst().drop(while: isBlank)
        }
    }

    static func written(_ element: String) -> String {
        let isPlain =
            !element.isEmpty && !element.hasPrefix("\"") && !element.contains(",") && trimmed(element[...]) == element
        return isPlain
            ? element
            : "\"" + element.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// Takes an element with its quotation marks and the blanks behind it, up to a comma or the end.
    private static func takeQuoted(_ rest: inout Substring) -> String? {
        var element = ""
        repeat {
            // Behind the opening mark, or the second of a doubled one.
            let part = rest.dropFirst().prefix { $0 != "\"" }
            guard part.endIndex < rest.endIndex else { return nil }
            element += part
            rest = rest[part.endIndex...].dropFirst()
            if rest.first == "\"" { element += "\"" }
        } while rest.first == "\""
        rest = rest.drop(while: isBlank)
        return rest.isEmpty || rest.first == "," ? element : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: isBlank)
        while text.last.map(isBlank) == true { text.removeLast() }
        return text
    }

    private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
}
