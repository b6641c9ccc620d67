/// A fault of the stream's surroundings: what, where, and whether waiting helps.
public struct StreamError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is; callers decide by it, never by the text.
    public enum Code: Equatable, Sendable {
        /// The store or the log is away or overloaded: the same call may go through later.
        case unavailable
        /// The topic has another number of partitions than the state was made with.
        case partitionCountChanged
        /// The log lacks records that the state has not seen, or differs from what the state has seen.
        case logDiverged
        /// Stored bytes cannot be read.
        case corrupt
        /// The request can never succeed as it is (too large, not authorised, wrong type, wrong password).
        case permanent
    }

    /// Beginning anew, as errors name it: with the old group, state that the new namespace lacks is taken for lost.
    public static let newStart = "a new group and a new namespace (kafka.group, redis.namespace)"

    public var code: Code
    /// One sentence: the input, the place, the remedy.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
