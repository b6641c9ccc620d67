/// A condition that searches apply to every item before its score counts.
///
/// Searches that share a filter share what is compiled of it, which goes by the object: make one for each condition and keep it.
public final class ItemFilter: Sendable {
    public let condition: ItemCondition

    public init(_ condition: ItemCondition) { self.condition = condition }
}
