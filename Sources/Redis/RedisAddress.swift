import Foundation

/// Where a Redis server listens, and as whom to speak to it.
///
/// Written `redis://[[user]:password@]host[:port][/database]` or `unix://[[user]:password@]/path[?db=database]`; user
/// and password are percent-encoded. The client library is hiredis 0.14: RESP2, without TLS and without Redis Cluster,
/// so `rediss://` is refused (put a TLS tunnel such as stunnel between). The password is never printed.
public struct RedisAddress: Equatable, Sendable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    /// The transport's own address.
    public enum Endpoint: Equatable, Sendable {
        case tcp(host: String, port: Int32)
        /// The absolute path of a socket file.
        case unix(path: String)
    }

    public var endpoint: Endpoint
    /// The logical database, 0 unless told otherwise.
    public var database: Int
    /// The ACL user; nil is the server's `default` user.
    public var username: String?
    public var password: String?

    public init(
        _ endpoint: Endpoint, database: Int = 0, username: String? = nil, password: String? = nil
    ) {
        self.endpoint = endpoint
        self.database = database
        self.username = username
        self.password = password
    }

    /// Longest path of a socket file in bytes (`sun_path`, less its closing zero); hiredis would cut a longer one
    /// silently.
    public static let maximumPathLength = 107

    /// Parses the URL form. The error names what is wrong and never repeats the text, which may hold a password.
    public init(parsing text: String) throws(RedisError) {
        func refusal(_ reason: String) -> RedisError {
            RedisError(
                .invalidAddress,
                "Redis address: \(reason); write redis://host:6379/0 or unix:///path/to/socket?db=0")
        }
        guard let parts = URLComponents(string: text) else {
            throw refusal("not a URL (special characters of a password must be percent-encoded)")
        }
        guard parts.fragment == nil else {
            throw refusal("it has a fragment (write # of a password as %23)")
        }
        let databaseText: String
        switch parts.scheme {
        case "redis":
            guard let host = parts.host, !host.isEmpty else { throw refusal("it names no host") }
            let port = parts.port ?? 6379
            guard (1...65_535).contains(port) else {
                throw refusal("port \(port) is not within 1 to 65535")
            }
            guard parts.query == nil else {
                throw refusal("redis:// takes no query; the database follows the port")
            }
            endpoint = .tcp(host: host.trimmingCharacters(in: ["[", "]"]), port: Int32(port))
            databaseText = String(parts.path.drop { $0 == "/" })
        case "unix":
            guard parts.host ?? "" == "", parts.port == nil, parts.path.hasPrefix("/"),
                parts.path.count > 1
            else {
                throw refusal("unix:// needs an absolute path, so three slashes")
            }
            let items = parts.queryItems ?? []
            if let unknown = items.first(where: { $0.name != "db" }) {
                throw refusal("unknown query item \(unknown.name)")
            }
            endpoint = .unix(path: parts.path)
            databaseText = items.last?.value ?? ""
        case "rediss":
            throw RedisError(
                .invalidAddress,
                "Redis address: rediss:// needs TLS, which hiredis 0.14 does not have; "
                    + "run a TLS tunnel (stunnel) and name its local end with redis://")
        default:
            throw refusal("its scheme is not redis or unix")
        }
        guard let number = databaseText.isEmpty ? 0 : Int(databaseText), number >= 0 else {
            throw refusal("the database is not a number of 0 or more")
        }
        database = number
        username = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
        if username != nil, password == nil { throw refusal("it has a user and no password") }
    }

    /// The URL form with the password replaced by `***`.
    public var description: String {
        let user = password == nil ? "" : "\(username ?? ""):***@"
        switch endpoint {
        case .tcp(let host, let port):
            let host = host.contains(":") ? "[\(host)]" : host
            return "redis://\(user)\(host):\(port)/\(database)"
        case .unix(let path):
            return "unix://\(user)\(path)\(database == 0 ? "" : "?db=\(database)")"
        }
    }

    public var debugDescription: String { description }

    /// Hides the stored properties from `dump`, which would print the password.
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}
