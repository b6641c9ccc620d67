import Configuration
import Connectors
import Redis

/// Where state is kept.
public struct RedisSettings: ConfigurationSection {
    /// `redis://host:port/database` or `unix:///path/to/socket`, without a password.
    public var url: String
    /// Nil for a server without one.
    public var password: Secret?
    /// The ACL user; nil is the server's `default` user.
    public var username: String?
    /// First part of every key.
    public var namespace: String
    /// Bound of a connection and of an answer.
    public var timeout: Duration
    /// How many replicas must have a commit; 0 waits for none.
    public var waitReplicas: Int
    /// A record's TTL after its last event.
    public var idleExpiry: Duration

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        url = keys.value(
            "redis.url", default: "redis://127.0.0.1:6379", accepting: Self.withoutPassword,
            "Server: redis://host:port/database, or unix:///path?db=database. TLS needs a tunnel.")
        username = keys.optional(
            "redis.username", accepting: .notEmpty, "ACL user, where it is not the default one; needs a password.")
        password = keys.secret("redis.password", "Password of the server.")
        if username != nil, password == nil {
            keys.refuse(
                "redis.username", "a user needs a password: set BREADCRUMB_REDIS_PASSWORD or redis.password_file")
        }
        namespace = keys.value(
            "redis.namespace", default: "breadcrumb", accepting: Self.plainName,
            "First part of every key, so that several deployments can share a server.")
        timeout = keys.value(
            "redis.timeout", default: .seconds(5), accepting: .within(.milliseconds(100) ... .seconds(60)),
            "How long a connection or an answer may take.")
        waitReplicas = keys.value(
            "redis.wait_replicas", default: 0, unit: "replicas", accepting: .within(0...16),
            "How many replicas must have a commit before it counts. 0 waits for none: a fail-over then replays what was lost."
        )
        idleExpiry = keys.value(
            "redis.idle_expiry", default: .seconds(400 * 86_400),
            accepting: .within(.seconds(86_400) ... .seconds(3650 * 86_400)),
            "How long after a shopper's last event Redis drops the record (its TTL).")
    }

    /// The server, with whom to speak to it as.
    public func address() throws(RedisError) -> RedisAddress {
        var address = try RedisAddress(parsing: url)
        address.username = username
        address.password = password?.reveal()
        return address
    }

    private static let withoutPassword = Constraint<String>("redis:// or unix://, without a password", hidesValue: true)
    { url in
        do throws(RedisError) {
            return try RedisAddress(parsing: url).password == nil
                ? nil : "it holds a password, which belongs into BREADCRUMB_REDIS_PASSWORD or redis.password_file"
        } catch {
            return error.message
        }
    }

    /// Braces would move keys to another slot, and blanks make them hard to name.
    private static let plainName = Constraint<String>(RedisNamespace.form) { name in
        RedisNamespace.isName(name) ? nil : "must be \(RedisNamespace.form)"
    }
}
