import Commerce
import Redis
import Streaming

/// What Redis shows of one partition: who owns its state and how far it has come.
public struct RedisHead: Equatable, Sendable {
    public var fence: Fence
    /// The owner's label, as it gave it at its claim: for people alone.
    public var owner: String
    /// Nil before the first commit.
    public var position: Position?
    /// The frozen number of partitions of the topic.
    public var partitionCount: Int
    /// When the owner claimed and when it last committed, by the Redis server's clock: for people alone.
    public var claimed: EventTime?
    public var committed: EventTime?

    /// The fields of the head's hash, in the order that `init` reads them.
    static let fields = [
        "format", "partitions", "nonce", "epoch", "owner", "next", "timestamp", "crc", "claimed", "committed",
    ]

    /// Reads the answer to HMGET of `fields`; nil where the partition has no head.
    init?(_ replies: [RedisReply], _ partition: PartitionIndex, _ namespace: RedisNamespace) throws(StreamError) {
        let texts: [String?]
        do {
            texts = try replies.map { reply throws(RedisError) in try reply.optionalText() }
        } catch {
            throw StreamError(error, namespace)
        }
        guard texts.count == Self.fields.count, texts.contains(where: { $0 != nil }) else { return nil }
        func number<Number: FixedWidthInteger>(_ field: Int) throws(StreamError) -> Number {
            let text = texts[field] ?? "none"
            guard let value = Number(text) else { throw Self.corrupt(Self.fields[field], text, partition, namespace) }
            return value
        }
        guard texts[0] == RedisNamespace.format else {
            throw StreamError(RedisError(.script("FORMAT"), "format \(texts[0] ?? "none")"), namespace)
        }
        guard let nonce = texts[2].flatMap({ UInt64($0, radix: 16) }) else {
            throw Self.corrupt("nonce", texts[2] ?? "none", partition, namespace)
        }
        fence = Fence(partition: partition, epoch: try number(3), nonce: Nonce(rawValue: nonce))
        owner = texts[4] ?? ""
        position = try Self.position(replies[5...7], partition, namespace)
        partitionCount = try number(1)
        claimed = texts[8].flatMap { Int64($0) }.map { EventTime(milliseconds: $0) }
        committed = texts[9].flatMap { Int64($0) }.map { EventTime(milliseconds: $0) }
    }

    /// Reads next, timestamp and crc, as they stand in the hash.
    static func position(
        _ replies: ArraySlice<RedisReply>, _ partition: PartitionIndex, _ namespace: RedisNamespace
    ) throws(StreamError) -> Position? {
        func text(_ place: Int) throws(StreamError) -> String {
            do {
                return try replies[replies.startIndex + place].optionalText() ?? ""
            } catch {
                throw StreamError(error, namespace)
            }
        }
        let (next, timestamp, crc) = (try text(0), try text(1), try text(2))
        if next.isEmpty { return nil }
        guard let offset = Int64(next) else { throw corrupt("next", next, partition, namespace) }
        if timestamp.isEmpty, crc.isEmpty { return Position(next: Offset(offset), last: nil) }
        guard let milliseconds = Int64(timestamp) else { throw corrupt("timestamp", timestamp, partition, namespace) }
        guard let checksum = UInt32(crc) else { throw corrupt("crc", crc, partition, namespace) }
        return Position(
            next: Offset(offset), last: AppliedRecord(timestamp: EventTime(milliseconds: milliseconds), crc: checksum))
    }

    private static func corrupt(
        _ field: String, _ text: String, _ partition: PartitionIndex, _ namespace: RedisNamespace
    ) -> StreamError {
        StreamError(RedisError(.script("CORRUPT"), "\(namespace.head(partition)): \(field) is \"\(text)\""), namespace)
    }
}

extension Nonce {
    /// The nonce as it stands in Redis: 16 hexadecimal digits.
    package var text: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
