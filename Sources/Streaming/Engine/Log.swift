import Commerce

/// The number of a partition of the input topic.
public struct PartitionIndex: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public init(_ rawValue: Int32) { self.rawValue = rawValue }

    public static func < (left: PartitionIndex, right: PartitionIndex) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

/// A position in a partition. "Next" offsets name the first record that has not been read.
public struct Offset: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public init(_ rawValue: Int64) { self.rawValue = rawValue }

    /// The offset after this one.
    public var next: Offset { Offset(rawValue &+ 1) }

    public static func < (left: Offset, right: Offset) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

/// A record's header; its value may be absent.
public struct Header: Equatable, Sendable {
    public var name: String
    public var value: [UInt8]?

    public init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// A record of the input log, bytes as they arrived.
public struct LogRecord: Equatable, Sendable {
    public var partition: PartitionIndex
    public var offset: Offset
    /// The record's own timestamp in the log, which skew is judged against.
    public var timestamp: EventTime
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [Header]

    public init(
        partition: PartitionIndex, offset: Offset, timestamp: EventTime, key: [UInt8]?, value: [UInt8]?,
        headers: [Header] = []
    ) {
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// Where an output record goes; the connector knows the topic of each.
public enum Destination: Hashable, Sendable {
    case lists
    case deadLetters
}

/// A record to produce.
public struct OutputRecord: Equatable, Sendable {
    public var destination: Destination
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [Header]

    public init(destination: Destination, key: [UInt8]?, value: [UInt8]?, headers: [Header] = []) {
        self.destination = destination
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// One assigned partition of the input log, read in order.
///
/// A source is used by the worker that owns the partition alone, from one thread.
public protocol PartitionSource: AnyObject {
    /// Takes up to `limit` records that are already here, in order; never waits. Empty when none are here.
    func take(limit: Int) throws(StreamError) -> [LogRecord]

    /// Tells the log's own group how far state has come, for lag displays alone. `next` is the first record not applied.
    func report(next: Offset)
}

/// Where output records go.
///
/// A sink is shared by the workers of a process.
public protocol Sink: AnyObject, Sendable {
    /// Hands the records over for delivery, in order. Waits while the sink's bounded queue is full.
    func produce(_ records: [OutputRecord]) throws(StreamError) -> any Delivery
}

/// The delivery of one `produce`.
public protocol Delivery: AnyObject, Sendable {
    /// `.pending` until every record was acknowledged or one failed for good.
    var state: DeliveryState { get }
}

/// How far a delivery has come.
public enum DeliveryState: Equatable, Sendable {
    case pending
    case delivered
    case failed(StreamError)
}
