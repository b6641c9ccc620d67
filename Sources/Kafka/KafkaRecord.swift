import CLibrdkafka

/// The number of a partition of a topic.
public struct KafkaPartition: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByIntegerLiteral
{
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public init(integerLiteral value: Int32) { rawValue = value }

    public static func < (left: KafkaPartition, right: KafkaPartition) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

/// A position in a partition: that of a record or, as a "next" offset, of the first record not read.
public struct KafkaOffset: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByIntegerLiteral
{
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public init(integerLiteral value: Int64) { rawValue = value }

    /// The offset after this one.
    public var next: KafkaOffset { KafkaOffset(rawValue: rawValue &+ 1) }

    public static func < (left: KafkaOffset, right: KafkaOffset) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

/// A record's header; Kafka lets a name repeat and keeps the order.
public struct KafkaHeader: Equatable, Sendable {
    public var name: String
    /// Nil is a null value, which is not the same as an empty one.
    public var value: [UInt8]?

    public init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// A record to produce.
public struct KafkaRecord: Equatable, Sendable {
    public var topic: String
    /// Nil: chosen by murmur2 of the key as Java's producer does, at random where there is no key.
    public var partition: KafkaPartition?
    public var key: [UInt8]?
    /// Nil is a tombstone, which is not the same as an empty value.
    public var value: [UInt8]?
    public var headers: [KafkaHeader]
    /// Milliseconds since 1970; nil: the time of producing.
    public var timestamp: Int64?

    public init(
        topic: String, partition: KafkaPartition? = nil, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = [],
        timestamp: Int64? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }
}

/// A record as read.
public struct KafkaMessage: Equatable, Sendable {
    public var partition: KafkaPartition
    public var offset: KafkaOffset
    /// Milliseconds since 1970; nil where the topic keeps none.
    public var timestamp: Int64?
    public var key: [UInt8]?
    /// Nil is a tombstone.
    public var value: [UInt8]?
    public var headers: [KafkaHeader]

    public init(
        partition: KafkaPartition, offset: KafkaOffset, timestamp: Int64?, key: [UInt8]?, value: [UInt8]?,
        headers: [KafkaHeader] = []
    ) {
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }
}

extension KafkaMessage {
    /// Copies librdkafka's message, which stays its owner's.
    init(borrowing message: UnsafeMutablePointer<rd_kafka_message_t>) {
        let time = rd_kafka_message_timestamp(message, nil)
        self.init(
            partition: KafkaPartition(rawValue: message.pointee.partition),
            offset: KafkaOffset(rawValue: message.pointee.offset), timestamp: time < 0 ? nil : time,
            key: Self.bytes(message.pointee.key, message.pointee.key_len),
            value: Self.bytes(message.pointee.payload, message.pointee.len), headers: Self.headers(of: message))
    }

    /// A null pointer is an absent key or value; a length of zero is an empty one.
    private static func bytes(_ pointer: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        pointer.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) }
    }

    private static func headers(of message: UnsafeMutablePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
        var headers: [KafkaHeader] = []
        headers.reserveCapacity(rd_kafka_header_cnt(list))
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            headers.append(
                KafkaHeader(
                    name: name.map { String(cString: $0) } ?? "",
                    value: value.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) }))
        }
        return headers
    }
}
