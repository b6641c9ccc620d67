import Bytes

/// A record of the input that could not be taken, as it goes to `events.dead-letter`.
///
/// Key, value and headers are the record's own, byte for byte; where it came from and why it was refused follow in headers whose
/// names begin with `breadcrumb.`, so that sending a letter back needs no unpacking.
public struct DeadLetter: Equatable, Sendable {
    /// A record's header. Kafka knows headers without a value.
    public struct Header: Equatable, Sendable {
        public var name: String
        public var value: [UInt8]?

        public init(name: String, value: [UInt8]?) {
            self.name = name
            self.value = value
        }
    }

    /// What is left of a value that was too large to send.
    public struct Truncation: Equatable, Sendable {
        /// The original size in bytes.
        public var length: Int
        /// The SHA-256 of the original, in hexadecimal digits.
        public var sha256: String

        public init(length: Int, sha256: String) {
            self.length = length
            self.sha256 = sha256
        }
    }

    /// A letter as a Kafka record.
    public struct Record: Equatable, Sendable {
        public var key: [UInt8]?
        public var value: [UInt8]?
        public var headers: [Header]

        public init(key: [UInt8]?, value: [UInt8]?, headers: [Header]) {
            self.key = key
            self.value = value
            self.headers = headers
        }
    }

    /// Where the record stood.
    public var source: RecommendationList.Source
    /// The record's own timestamp.
    public var timestamp: EventTime
    public var fault: RecordFault
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [Header]
    /// Set where `value` is only the beginning of the original.
    public var truncation: Truncation?

    public init(
        source: RecommendationList.Source, timestamp: EventTime, fault: RecordFault, key: [UInt8]?, value: [UInt8]?,
        headers: [Header] = [], truncation: Truncation? = nil
    ) {
        self.source = source
        self.timestamp = timestamp
        self.fault = fault
        self.key = key
        self.value = value
        self.headers = headers
        self.truncation = truncation
    }

    /// The same letter with its value cut to `limit` bytes, its length and SHA-256 noted; itself where it fits.
    public func truncated(to limit: Int) throws(SHA256.Unavailable) -> DeadLetter {
        guard truncation == nil, let value, value.count > limit else { return self }
        var letter = self
        letter.value = Array(value.prefix(max(0, limit)))
        letter.truncation = Truncation(length: value.count, sha256: try SHA256.digest(of: value).hexadecimal)
        return letter
    }
}
