import Configuration
import Streaming

/// The stage knows nothing of configuration.
extension Repurchase.Rule: WrittenValue {
    public static var kind: String { "never, always, or a duration such as 30d" }

    public init(parsing text: String) throws(Refusal) {
        switch text {
        case "never": self = .never
        case "always": self = .always
        default:
            guard let duration = Duration(.string(text)) else { throw Refusal() }
            guard duration > .zero else { throw Refusal("no time has to pass; write always") }
            self = .after(milliseconds: duration.wholeMilliseconds)
        }
    }

    public var text: String {
        switch self {
        case .never: "never"
        case .always: "always"
        case .after(let milliseconds): Duration.milliseconds(milliseconds).text
        }
    }
}

/// When items of a category may come back: `Food > Coffee = 14d`.
public struct CategoryRepurchase: Hashable, Sendable {
    public let path: CategoryPath
    public let rule: Repurchase.Rule
}

extension CategoryRepurchase: WrittenValue {
    public static var kind: String { "CATEGORY = RULE such as Food > Coffee = 14d, Books = never" }

    public init(parsing text: String) throws(Refusal) {
        guard let (left, right) = Assignment.atLast(text) else { throw Refusal() }
        path = try CategoryPath(part: left)
        rule = try Repurchase.Rule(part: right)
    }

    public var text: String { "\(path.text) = \(rule.text)" }
}
