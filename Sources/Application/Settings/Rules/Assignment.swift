import Configuration

/// The two sides of a rule that is written with `=`.
enum Assignment {
    /// At the last `=`, since a name may hold one; without blanks around the sides. Nil without one.
    static func atLast(_ text: String) -> (left: String, right: String)? {
        text.lastIndex(of: "=").map { sides(text, $0) }
    }

    /// At the first `=`.
    static func atFirst(_ text: String) -> (left: String, right: String)? {
        text.firstIndex(of: "=").map { sides(text, $0) }
    }

    private static func sides(_ text: String, _ place: String.Index) -> (left: String, right: String) {
        (text[..<place].trimmed, text[text.index(after: place)...].trimmed)
    }
}
