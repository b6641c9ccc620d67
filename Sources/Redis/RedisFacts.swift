/// What a server says about itself, as far as it matters to Breadcrumb.
public struct RedisFacts: Equatable, Sendable {
    /// The server's version, such as `7.0.15`.
    public var version: String
    /// Bytes in use.
    public var usedMemory: Int64
    /// The limit in bytes; 0 is none.
    public var maximumMemory: Int64
    /// What happens at the limit, such as `noeviction`.
    public var memoryPolicy: String
    /// `master` or `slave`.
    public var role: String
    public var isCluster: Bool
    /// Whether an append-only file is written: without it a crash of the server loses what the last snapshot lacks.
    public var isAppendOnly: Bool

    /// Oldest major version that is served: 6 brought ACLs and what the scripts rely on.
    public static let oldestMajorVersion = 6

    /// Reads the text of INFO; the error names the missing field.
    public init(info: String, place: String) throws(RedisError) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        func field(_ name: Substring) throws(RedisError) -> String {
            guard let value = fields[name] else {
                throw RedisError(
                    .unsuitable, "Redis at \(place): INFO has no \(name); Breadcrumb needs Redis 6 or later")
            }
            return String(value)
        }
        func number(_ name: Substring) throws(RedisError) -> Int64 {
            let text = try field(name)
            guard let value = Int64(text) else {
                throw RedisError(.unsuitable, "Redis at \(place): INFO's \(name) is not a number: \(text)")
            }
            return value
        }
        version = try field("redis_version")
        usedMemory = try number("used_memory")
        maximumMemory = try number("maxmemory")
        memoryPolicy = try field("maxmemory_policy")
        role = try field("role")
        isCluster = try number("cluster_enabled") != 0
        isAppendOnly = try number("aof_enabled") != 0
    }

    /// Throws `unsuitable`, `cluster` or `readOnly` when the server cannot keep what Breadcrumb promises.
    package func check(place: String) throws(RedisError) {
        let major = version.prefix { $0 != "." }
        guard let number = Int(major), number >= Self.oldestMajorVersion else {
            throw RedisError(
                .unsuitable,
                "Redis at \(place) has version \(version): use \(Self.oldestMajorVersion).0 or later")
        }
        guard maximumMemory == 0 || memoryPolicy == "noeviction" else {
            throw RedisError(
                .unsuitable,
                "Redis at \(place) may drop shoppers' state (maxmemory-policy is \(memoryPolicy)): set it to noeviction"
            )
        }
        guard !isCluster else {
            throw RedisError(
                .cluster,
                "Redis at \(place) is a node of a Redis Cluster, which is not supported: name a single server"
            )
        }
        guard role == "master" else {
            throw RedisError(.readOnly, "Redis at \(place) is a replica: name its primary")
        }
    }
}

extension RedisConnection {
    /// What the server says about itself. Needs the command INFO alone (CONFIG is often forbidden).
    public func facts() throws(RedisError) -> RedisFacts {
        guard let info = try send(RedisCommand("INFO")).optionalText() else {
            throw RedisError(.protocolViolation, "Redis at \(address): INFO gave nothing")
        }
        return try RedisFacts(info: info, place: address.description)
    }

    /// Checks at start that the server can keep what Breadcrumb promises: version 6 or later, no eviction, a primary,
    /// no cluster, and that it takes every one of `scripts`.
    @discardableResult
    public func check(_ scripts: [RedisScript]) throws(RedisError) -> RedisFacts {
        let facts = try facts()
        try facts.check(place: address.description)
        for script in scripts { try load(script) }
        return facts
    }
}
