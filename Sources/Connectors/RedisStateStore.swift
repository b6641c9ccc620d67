import Redis
import Streaming

/// How a `RedisStateStore` keeps state.
public struct RedisStateOptions: Sendable {
    /// How long a record stays after its last write; nil for ever. It only collects what is long past the expiry by
    /// event time, so it is to be a good deal longer.
    public var timeToLive: Duration?
    /// How many replicas must acknowledge a commit (`WAIT`); 0 asks none. A commit that too few acknowledge in time
    /// fails as `unavailable`, though the primary has it: the worker claims again, once they are back.
    public var replicas: Int
    /// What `status` shows as the owner of a claimed partition, such as host and process.
    public var owner: String
    public var timeouts: RedisTimeouts

    public init(
        timeToLive: Duration? = nil, replicas: Int = 0, owner: String = "", timeouts: RedisTimeouts = RedisTimeouts()
    ) {
        self.timeToLive = timeToLive
        self.replicas = replicas
        self.owner = owner
        self.timeouts = timeouts
    }
}

/// A stage's state in Redis: one connection, one thread.
///
/// A commit is one script call, so Redis runs it whole or not at all. Every call may be repeated after a fault, since a
/// commit is a compare-and-set and a second claim only raises the epoch again; how long is the patience's to say.
///
/// The Redis user needs, on `~<namespace>:*`: `+hset +hmget +hincrby +set +mget +type +pttl +get`, and on none:
/// `+evalsha +script|load +time +multi +exec +info +ping +select +wait`.
public final class RedisStateStore: StateStore {
    public let namespace: RedisNamespace
    private let connection: RedisConnection
    private let options: RedisStateOptions
    private let patience: RedisPatience
    /// `options.timeToLive` in milliseconds as Redis wants it; empty for ever.
    private let timeToLive: String

    /// Describes a store; it connects at its first call.
    public init(
        _ address: RedisAddress, namespace: RedisNamespace, options: RedisStateOptions = RedisStateOptions(),
        patience: RedisPatience = RedisPatience()
    ) {
        self.namespace = namespace
        self.options = options
        self.patience = patience
        connection = RedisConnection(address, timeouts: options.timeouts)
        timeToLive = options.timeToLive.map { String(max($0.wholeMilliseconds, 1)) } ?? ""
    }

    /// Checks at start that the server is fit: version, memory policy, role, and that it takes the scripts.
    public func check() throws(StreamError) -> RedisFacts {
        try redis { connection throws(RedisError) in try connection.check([RedisScripts.claim, RedisScripts.commit]) }
    }

    public func claim(_ partition: PartitionIndex, nonce: Nonce, partitionCount: Int) throws(StreamError) -> Claim {
        let found = try redis { connection throws(RedisError) in
            try connection.run(RedisScripts.claim, keys: 1) { command in
                command.append(namespace.head(partition))
                command.append(RedisNamespace.format)
                command.append(String(partitionCount))
                command.append(nonce.text)
                command.append(options.owner)
            }.elements(4)
        }
        let text = try redis { _ throws(RedisError) in try found[0].optionalText() } ?? "none"
        guard let epoch = Int64(text) else {
            throw StreamError(
                RedisError(.script("CORRUPT"), "\(namespace.head(partition)): epoch is \(text)"), namespace)
        }
        return Claim(
            fence: Fence(partition: partition, epoch: epoch, nonce: nonce),
            position: try RedisHead.position(found[1...3], partition, namespace))
    }

    public func holds(_ fence: Fence, expected: Offset?) throws(StreamError) -> Bool {
        try redis { connection throws(RedisError) in
            try isHeld(connection.send(fenceCommand(fence)), fence, expected)
        }
    }

    public func load(_ fence: Fence, expected: Offset?, keys: [StateKey]) throws(StreamError) -> [[UInt8]?]? {
        if keys.isEmpty { return try holds(fence, expected: expected) ? [] : nil }
        let prefix = namespace.statePrefix(fence.partition)
        var values = RedisCommand("MGET")
        values.reserve(arguments: keys.count, bytes: keys.count * (prefix.utf8.count + 16))
        for key in keys { values.append(prefix + key.rawValue) }
        let commands = [RedisCommand("MULTI"), fenceCommand(fence), values, RedisCommand("EXEC")]
        return try redis { connection throws(RedisError) in
            let replies = try connection.pipeline(commands)
            // The first error names the cause; EXEC only repeats that there was one.
            for case .error(let error) in replies { throw error }
            let answers = try replies[3].elements(2)
            guard try isHeld(answers[0], fence, expected) else { return nil }
            return try answers[1].elements(keys.count).map { value throws(RedisError) in try value.optionalBytes() }
        }
    }

    public func commit(_ commit: Commit) throws(StreamError) -> CommitOutcome {
        let prefix = namespace.statePrefix(commit.fence.partition)
        let size = commit.writes.reduce(0) { $0 + $1.value.count + $1.key.rawValue.utf8.count + prefix.utf8.count }
        let applied = try redis { connection throws(RedisError) in
            let reply = try connection.run(RedisScripts.commit, keys: commit.writes.count + 1) { command in
                command.reserve(arguments: commit.writes.count * 2 + 9, bytes: size + 512)
                command.append(namespace.head(commit.fence.partition))
                for write in commit.writes { command.append(prefix + write.key.rawValue) }
                command.append(RedisNamespace.format)
                command.append(commit.fence.nonce.text)
                command.append(String(commit.fence.epoch))
                command.append(commit.expected.map(\.description) ?? "")
                command.append(commit.position.next.description)
                command.append(commit.position.last.map { String($0.timestamp.rawValue) } ?? "")
                command.append(commit.position.last.map { String($0.crc) } ?? "")
                command.append(timeToLive)
                for write in commit.writes { command.append(write.value) }
            }
            return try reply.integer()
        }
        guard applied == 1 else { return .refused }
        if options.replicas > 0 { try awaitReplicas() }
        return .applied
    }

    /// Waits until enough replicas have what this connection wrote.
    private func awaitReplicas() throws(StreamError) {
        let limit = max(options.timeouts.reply.wholeMilliseconds / 2, 1)
        let command = RedisCommand("WAIT", String(options.replicas), String(limit))
        do throws(RedisError) {
            let count = try connection.send(command).integer()
            guard count >= options.replicas else {
                throw RedisError(
                    .replicasMissing,
                    "Redis at \(connection.address): \(count) of \(options.replicas) replicas acknowledged a "
                        + "commit within \(limit) ms; bring them back, or lower the number asked for")
            }
        } catch {
            throw StreamError(error, namespace)
        }
    }

    private func fenceCommand(_ fence: Fence) -> RedisCommand {
        RedisCommand("HMGET", namespace.head(fence.partition), "nonce", "epoch", "next")
    }

    private func isHeld(_ reply: RedisReply, _ fence: Fence, _ expected: Offset?) throws(RedisError) -> Bool {
        let texts = try reply.elements(3).map { element throws(RedisError) in try element.optionalText() }
        return texts[0] == fence.nonce.text && texts[1] == String(fence.epoch) && texts[2] == expected?.description
    }

    /// Runs `body` with patience; a fault comes out as the stream's.
    private func redis<Value>(_ body: (RedisConnection) throws(RedisError) -> Value) throws(StreamError) -> Value {
        do throws(RedisError) {
            return try patience.attempt { () throws(RedisError) in try body(connection) }
        } catch {
            throw StreamError(error, namespace)
        }
    }
}

extension Duration {
    /// Whole milliseconds, within what Redis takes.
    fileprivate var wholeMilliseconds: Int64 {
        let parts = min(max(self, .zero), .seconds(1_000_000_000_000)).components
        return parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
    }
}
