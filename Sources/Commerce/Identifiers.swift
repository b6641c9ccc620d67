/// A product's identifier: 1 to `Identifier.maximumLength` UTF-8 bytes, as the shop writes it.
public struct ItemID: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public init(_ rawValue: String) { self.rawValue = rawValue }

    /// Equal bytes, not merely canonical equivalence: two spellings of "é" are two identifiers, as they are in Kafka and Redis.
    public static func == (left: ItemID, right: ItemID) -> Bool { Identifier.areEqual(left.rawValue, right.rawValue) }

    /// Byte order of the UTF-8 forms: the order that breaks ties between equal scores.
    public static func < (left: ItemID, right: ItemID) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}

/// Who acted: a known user or an anonymous visitor. The two never mix, even with equal text ("7" and "7").
public enum Shopper: Hashable, Sendable {
    case known(String)
    case anonymous(String)

    /// Equal kind and bytes, as for `ItemID`.
    public static func == (left: Shopper, right: Shopper) -> Bool {
        switch (left, right) {
        case (.known(let left), .known(let right)), (.anonymous(let left), .anonymous(let right)):
            Identifier.areEqual(left, right)
        default: false
        }
    }

    /// The identifier as the shop writes it, which is also the key of the event's record.
    public var id: String {
        switch self {
        case .known(let id), .anonymous(let id): id
        }
    }

    /// The identifier with its kind: `u:` for a known user, `a:` for an anonymous visitor.
    public var tagged: String {
        switch self {
        case .known(let id): "u:" + id
        case .anonymous(let id): "a:" + id
        }
    }
}

/// What the contract allows of every identifier.
public enum Identifier {
    /// Longest identifier in UTF-8 bytes; a longer one is a dead letter.
    public static let maximumLength = 128

    /// Checks that an identifier has 1 to `maximumLength` bytes; `path` names it in faults.
    package static func checkLength(_ utf8: some Collection<UInt8>, _ path: @autoclosure () -> String)
        throws(RecordFault)
    {
        let length = utf8.count
        guard length > 0 else { throw RecordFault(.emptyIdentifier, "\(path()) is empty") }
        guard length <= maximumLength else {
            throw RecordFault(
                .identifierTooLong,
                "\(path()) \(excerpt(utf8)) has \(length) bytes, more than the \(maximumLength) allowed")
        }
    }

    /// An identifier from bytes, which must be UTF-8 and of a legal length.
    package static func read(_ utf8: some Collection<UInt8>, _ path: @autoclosure () -> String) throws(RecordFault)
        -> String
    {
        try checkLength(utf8, path())
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw RecordFault(.invalidUTF8, "\(path()) \(excerpt(utf8)) is not UTF-8")
        }
        return text
    }

    /// FNV-1a, 64 bits, with a final avalanche: stable across processes and versions, unlike `Hashable`.
    package static func hash(_ id: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var id = id
        id.withUTF8 { for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 } }
        hash ^= hash >> 32
        hash &*= 0xd6e8_feb8_6659_fd93
        return hash ^ (hash >> 32)
    }

    /// Whether two identifiers have the same bytes. (Swift's `==` would take canonically equivalent texts for one.)
    package static func areEqual(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        var (left, right) = (left, right)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                for index in left.indices where left[index] != right[index] { return false }
                return true
            }
        }
    }
}
