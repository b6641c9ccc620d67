import Configuration

/// The beginning of category paths, widest first: `Home > Kitchen`.
public struct CategoryPath: Hashable, Sendable {
    /// One name or more; blanks around a name do not count.
    public let names: [String]

    /// Whether all that is in this path is in the other one too.
    public func lies(in other: CategoryPath) -> Bool { names.starts(with: other.names) }
}

extension CategoryPath: WrittenValue {
    public static var kind: String { "a category path such as Home > Kitchen" }

    public init(parsing text: String) throws(Refusal) {
        names = text.split(separator: ">", omittingEmptySubsequences: false).map { $0.trimmed }
        if names.contains("") { throw Refusal("a name is missing; write a category path such as Home > Kitchen") }
    }

    public var text: String { names.joined(separator: " > ") }
}

extension StringProtocol {
    /// Without the blanks around it.
    var trimmed: String {
        var text = self[...].drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
