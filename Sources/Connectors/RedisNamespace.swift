import Redis
import Streaming

/// The names of one stage's keys in Redis: `<namespace>:{p<N>}:head` and `<namespace>:{p<N>}:s:<state key>`.
///
/// The braces are a hash tag: all keys of a partition share one slot, so one script may touch them all.
public struct RedisNamespace: Equatable, Sendable, CustomStringConvertible {
    /// 1 to 64 of the characters a–z, A–Z, 0–9, `.`, `_`, `-` and `:`; another opening brace would move the hash tag.
    public let name: String

    /// The version of the layout of a head and of the keys; a head of another is refused.
    public static let format = "1"

    /// What a name must be, for messages and for the list of all keys.
    public static let form = "1 to 64 letters, digits, . _ : -"

    /// Whether it is the name of a namespace.
    public static func isName(_ name: String) -> Bool {
        let isFit = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
        return isFit && (1...64).contains(name.utf8.count)
    }

    /// Checks the name; another is refused as `.permanent` with what is allowed.
    public init(_ name: String) throws(StreamError) {
        guard Self.isName(name) else {
            throw StreamError(.permanent, "Redis namespace \"\(name)\": it must be \(Self.form)")
        }
        self.name = name
    }

    public var description: String { name }

    /// The key of the partition's head.
    func head(_ partition: PartitionIndex) -> String { "\(name):{p\(partition)}:head" }

    /// What a state's key begins with.
    func statePrefix(_ partition: PartitionIndex) -> String { "\(name):{p\(partition)}:s:" }
}
