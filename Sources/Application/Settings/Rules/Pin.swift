import Configuration
import Streaming

/// A rank that is kept for the best item of a kind: `1 = item i17`.
public struct Pin: Hashable, Sendable {
    /// 1 is first.
    public let rank: Int
    public let condition: RuleCondition

    /// The same for the lists.
    public var rule: ListRules.Pin { ListRules.Pin(rank: rank, condition: condition.condition) }
}

extension Pin: WrittenValue {
    public static var kind: String { "RANK = CONDITION such as 1 = item i17, 3 = brand Acme" }

    public init(parsing text: String) throws(Refusal) {
        guard let (left, right) = Assignment.atFirst(text) else { throw Refusal() }
        guard let rank = Int(left) else { throw Refusal("\(left) is not an integer") }
        guard rank >= 1 else { throw Refusal("rank \(rank) is none; the first is 1") }
        self.rank = rank
        condition = try RuleCondition(part: right)
    }

    public var text: String { "\(rank) = \(condition.text)" }
}
