import Commerce

/// One event of an `EvaluationLog`, by rows instead of identifiers.
public struct LogEvent: Sendable, Equatable {
    /// The event's place in the log: 0 is the earliest.
    public var row: Int
    /// Row of the shopper in `EvaluationLog.users`.
    public var user: Int32
    /// Row of the item in `EvaluationLog.items`.
    public var item: Int32
    public var action: Action
    /// Milliseconds since 1970.
    public var time: Int64
    /// The number of the same user's events before this one.
    public var position: Int
    /// Row of the session in the log; -1 for none.
    public var session: Int32
    /// Row of what the event says of the user in `EvaluationLog.attributeSets`.
    public var attributes: Int32
}

/// Why an evaluation cannot be made: one sentence with the remedy.
public struct EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}
