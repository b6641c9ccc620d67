/// A fault between this process and a Redis server: what kind, and one sentence that names the place and the remedy.
public struct RedisError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is. An error reply's kind is decided by its first word (`LOADING …`), never by its
    /// English.
    public enum Code: Equatable, Sendable {
        /// The address itself cannot be used.
        case invalidAddress
        /// No connection, or it broke, or no reply came in time: the command may or may not have been run.
        case unavailable
        /// `NOAUTH`, `WRONGPASS`, or any refusal of the AUTH command.
        case authentication
        /// `NOPERM`, `DENIED`: the user may not do this.
        case permission
        /// `LOADING`: the server still reads its data from disk.
        case loading
        /// `BUSY`, `TRYAGAIN`, `MASTERDOWN`: the server is there, and cannot serve this right now.
        case busy
        /// `READONLY`: the server is a replica.
        case readOnly
        /// `OOM`: `maxmemory` is reached under the policy `noeviction`.
        case outOfMemory
        /// `MISCONF`: the server cannot write its data to disk and so refuses writes.
        case notPersisted
        /// `NOREPLICAS`, or fewer replicas acknowledged a write than were asked for.
        case replicasMissing
        /// `NOSCRIPT`: the script cache was emptied.
        case noScript
        /// `WRONGTYPE`: a key holds another type of value.
        case wrongType
        /// `MOVED`, `ASK`, `CROSSSLOT`, `CLUSTERDOWN`: the server is part of a Redis Cluster.
        case cluster
        /// The bytes received are not RESP2, or not the kind of reply the command has.
        case protocolViolation
        /// The server's version or settings cannot keep what Breadcrumb promises.
        case unsuitable
        /// Any other error reply, by its first word: `ERR`, or a word of a script's own.
        case script(String)
    }

    /// What kind of fault it is; callers decide by it.
    public var code: Code
    /// One sentence: the place, what happened, the remedy. Never holds a password.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same request may go through later without anyone changing the request or a setting of ours.
    public var isRetriable: Bool {
        switch code {
        case .unavailable, .loading, .busy, .readOnly, .outOfMemory, .notPersisted, .replicasMissing:
            true
        default: false
        }
    }

    public var description: String { message }

    /// The error that an error reply stands for. `text` is the reply without its leading `-`; `place` names the server.
    package init(reply text: String, at place: String) {
        // Redis 6 keeps the dash that a script's own error begins with.
        let text = text.hasPrefix("-") ? String(text.dropFirst()) : text
        let word = String(text.prefix { $0 != " " })
        code = Code(prefix: word)
        message = "Redis at \(place): \(text)\(code.remedy)"
    }
}

extension RedisError.Code {
    /// The kind that the first word of an error reply names.
    init(prefix: String) {
        self =
            switch prefix {
            case "NOAUTH", "WRONGPASS": .authentication
            case "NOPERM", "DENIED": .permission
            case "LOADING": .loading
            case "BUSY", "TRYAGAIN", "MASTERDOWN": .busy
            case "READONLY": .readOnly
            case "OOM": .outOfMemory
            case "MISCONF": .notPersisted
            case "NOREPLICAS": .replicasMissing
            case "NOSCRIPT": .noScript
            case "WRONGTYPE": .wrongType
            case "MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN": .cluster
            default: .script(prefix)
            }
    }

    /// What to do about it, appended to the server's words.
    fileprivate var remedy: String {
        switch self {
        case .authentication: " (set the user and password of the Redis address)"
        case .permission: " (grant the Redis user the commands and keys that the documentation lists)"
        case .readOnly: " (name the primary, not a replica)"
        case .outOfMemory: " (raise maxmemory, or free memory)"
        case .notPersisted: " (free the server's disk, see its log)"
        case .cluster: " (Redis Cluster is not supported: name a server that holds all slots)"
        default: ""
        }
    }
}
