import Redis
import Streaming

/// Looks into a namespace without changing it: for `status` and `user`. Used from one thread.
public final class RedisStateReader {
    public let namespace: RedisNamespace
    private let connection: RedisConnection

    /// Describes a reader; it connects at its first call.
    public init(_ address: RedisAddress, namespace: RedisNamespace, timeouts: RedisTimeouts = RedisTimeouts()) {
        self.namespace = namespace
        connection = RedisConnection(address, timeouts: timeouts)
    }

    /// The partition's head; nil where it was never claimed.
    public func head(_ partition: PartitionIndex) throws(StreamError) -> RedisHead? {
        try heads([partition]).first ?? nil
    }

    /// The heads of all partitions, by number. Their count is the topic's, or, where that is unknown, the one frozen in
    /// the head of partition 0; empty where that has none.
    public func heads(partitionCount: Int? = nil) throws(StreamError) -> [RedisHead?] {
        var count = partitionCount
        if count == nil { count = try head(PartitionIndex(0))?.partitionCount }
        guard let count else { return [] }
        return try heads((0..<Int32(clamping: max(count, 0))).map { PartitionIndex($0) })
    }

    /// The stored bytes of a state record, nil where there is none, and the milliseconds until it expires, nil for
    /// never.
    public func state(
        _ key: StateKey, _ partition: PartitionIndex
    ) throws(StreamError) -> (bytes: [UInt8], expiresIn: Int64?)? {
        let name = namespace.statePrefix(partition) + key.rawValue
        do {
            let replies = try connection.pipeline([RedisCommand("GET", name), RedisCommand("PTTL", name)])
            guard let bytes = try replies.first?.optionalBytes(), let rest = try replies.last?.integer() else {
                return nil
            }
            return (bytes, rest < 0 ? nil : rest)
        } catch {
            throw StreamError(error, namespace)
        }
    }

    private func heads(_ partitions: [PartitionIndex]) throws(StreamError) -> [RedisHead?] {
        let commands = partitions.map { partition in
            var command = RedisCommand("HMGET", namespace.head(partition))
            for field in RedisHead.fields { command.append(field) }
            return command
        }
        let replies: [RedisReply]
        do {
            replies = try connection.pipeline(commands)
        } catch {
            throw StreamError(error, namespace)
        }
        var heads: [RedisHead?] = []
        for (partition, reply) in zip(partitions, replies) {
            let elements: [RedisReply]
            do {
                elements = try reply.elements(RedisHead.fields.count)
            } catch {
                throw StreamError(error, namespace)
            }
            heads.append(try RedisHead(elements, partition, namespace))
        }
        return heads
    }
}
