/// A Lua script of ours. Its digest is the server's to compute: `RedisConnection.load` gets it, so no hash is kept here
/// that could differ from the source.
public struct RedisScript: Hashable, Sendable {
    public let source: String

    public init(_ source: String) {
        self.source = source
    }
}
