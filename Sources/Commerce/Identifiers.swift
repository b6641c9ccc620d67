/// A point in event time: milliseconds since 1970-01-01T00:00:00Z.
public struct EventTime: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public init(milliseconds: Int64) { self.rawValue = milliseconds }

    public static func < (left: EventTime, right: EventTime) -> Bool { left.rawValue < right.rawValue }
}

/// A product's identifier: 1 to `Identifier.maximumLength` UTF-8 bytes, as the shop writes it.
public struct ItemID: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public init(_ rawValue: String) { self.rawValue = rawValue }

    /// Byte order of the UTF-8 forms: the order that breaks ties between equal scores.
    public static func < (left: ItemID, right: ItemID) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}

/// Who acted: a known user or an anonymous visitor. The two never mix, even with equal text ("7" and "7").
public enum Shopper: Hashable, Sendable {
    case known(String)
    case anonymous(String)

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
}
