import Configuration
import Streaming

/// How many times as likely items become: `brand Acme = 1.5`.
public struct Boost: Hashable, Sendable {
    public let condition: RuleCondition
    /// Of the odds, 0.01 to 100.
    public let factor: Double

    /// The same for the lists.
    public var rule: ListRules.Boost { ListRules.Boost(condition: condition.condition, factor: factor) }
}

extension Boost: WrittenValue {
    public static var kind: String { "CONDITION = FACTOR such as brand Acme = 1.5" }

    public init(parsing text: String) throws(Refusal) {
        guard let (left, right) = Assignment.atLast(text) else { throw Refusal() }
        condition = try RuleCondition(part: left)
        guard let factor = Double(.untyped(right)) else { throw Refusal("\(right) is not a number") }
        guard 0.01...100 ~= factor else { throw Refusal("factor \(right) is out of range, which is 0.01 to 100") }
        self.factor = factor
    }

    public var text: String { "\(condition.text) = \(factor.plain)" }
}
