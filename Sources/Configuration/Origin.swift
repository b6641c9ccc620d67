/// Where a value came from, and so where a mistake is.
public enum Origin: Hashable, Sendable, CustomStringConvertible {
    /// Nobody set it.
    case standard
    /// Line and column count from 1, columns in code points.
    case file(path: String, line: Int, column: Int)
    case variable(String)
    /// With its dashes.
    case flag(String)

    public var description: String {
        switch self {
        case .standard: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .variable(let name): name
        case .flag(let name): name
        }
    }
}

/// One mistake in what a person wrote: where, about what, and the remedy.
public struct Mistake: Hashable, Sendable, CustomStringConvertible {
    /// Nil for something that is missing everywhere.
    public let origin: Origin?
    /// The key or argument it is about; nil where the place says it all.
    public let subject: String?
    /// What is wrong and what helps.
    public let message: String

    /// `origin` is nil for something that is missing everywhere.
    public init(_ message: String, at origin: Origin?, about subject: String? = nil) {
        self.origin = origin
        self.subject = subject
        self.message = message
    }

    /// `breadcrumb.toml:7:3: kafka.timeout: unknown key; did you mean kafka.session_timeout?`
    public var description: String {
        [origin?.description, subject, message].compactMap { $0 }.joined(separator: ": ")
    }
}

extension Mistake {
    /// Where the mistake stands among the others.
    fileprivate var rank: Rank {
        switch origin {
        case .file(_, let line, let column): Rank(source: 0, line: line, column: column)
        case .variable: Rank(source: 1, line: 0, column: 0)
        case .flag: Rank(source: 2, line: 0, column: 0)
        case .standard, nil: Rank(source: 3, line: 0, column: 0)
        }
    }

    fileprivate struct Rank: Comparable {
        let source: Int
        let line: Int
        let column: Int

        static func < (left: Rank, right: Rank) -> Bool {
            (left.source, left.line, left.column) < (right.source, right.line, right.column)
        }
    }
}

/// All mistakes of one reading, one a line.
public struct Mistakes: Error, Equatable, Sendable, CustomStringConvertible {
    /// In the order in which they are shown.
    public let all: [Mistake]

    /// Those in the file come first, in its order; the others stay as they are, what is missing last.
    public init(_ all: [Mistake]) {
        self.all = all.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(
            \.element)
    }

    public var description: String { all.map(\.description).joined(separator: "\n") }
}
