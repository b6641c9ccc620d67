import CHiredis

/// A reply of a Redis server, in RESP2.
public enum RedisReply: Equatable, Sendable {
    case null
    case integer(Int64)
    /// A status such as `OK`.
    case status(String)
    /// A bulk string: any bytes.
    case bytes([UInt8])
    case array([RedisReply])
    case error(RedisError)

    /// The bytes of a bulk string; nil for null. Another kind of reply is `protocolViolation`, an error reply is
    /// thrown.
    public func optionalBytes() throws(RedisError) -> [UInt8]? {
        switch self {
        case .null: nil
        case .bytes(let bytes): bytes
        default: throw unexpected("a bulk string")
        }
    }

    /// The text of a bulk string or status; nil for null. Bytes that are not UTF-8 are replaced by U+FFFD.
    public func optionalText() throws(RedisError) -> String? {
        switch self {
        case .null: nil
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: throw unexpected("text")
        }
    }

    /// The integer of an integer reply.
    public func integer() throws(RedisError) -> Int64 {
        guard case .integer(let value) = self else { throw unexpected("an integer") }
        return value
    }

    /// The elements of an array of exactly `count` elements.
    public func elements(_ count: Int) throws(RedisError) -> [RedisReply] {
        guard case .array(let elements) = self, elements.count == count else {
            throw unexpected("an array of \(count) elements")
        }
        return elements
    }

    private func unexpected(_ wanted: String) -> RedisError {
        if case .error(let error) = self { return error }
        return RedisError(
            .protocolViolation, "Redis replied something other than \(wanted): is this a Redis server?")
    }

    /// Copies a reply of hiredis, which stays its owner's to free.
    init(copying reply: UnsafePointer<redisReply>, place: String) {
        let raw = reply.pointee
        let bytes = UnsafeRawBufferPointer(start: raw.str, count: raw.str == nil ? 0 : raw.len)
        switch raw.type {
        case REDIS_REPLY_STRING:
            self = .bytes([UInt8](bytes))
        case REDIS_REPLY_STATUS:
            self = .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_INTEGER:
            self = .integer(raw.integer)
        case REDIS_REPLY_NIL:
            self = .null
        case REDIS_REPLY_ARRAY:
            // hiredis refuses arrays nested deeper than seven levels, which bounds this recursion.
            self = .array(
                UnsafeBufferPointer(start: raw.element, count: raw.elements).map { element in
                    element.map { RedisReply(copying: $0, place: place) } ?? .null
                })
        default:
            self = .error(RedisError(reply: String(decoding: bytes, as: UTF8.self), at: place))
        }
    }
}
