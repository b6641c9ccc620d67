import CHiredis
import Foundation

/// The owner of a connected hiredis context: frees it exactly once.
final class Handle {
    private let context: UnsafeMutablePointer<redisContext>
    private let place: String
    private let timeouts: RedisTimeouts

    /// Connects; the context is blocking, with the reply timeout set on its socket.
    init(_ address: RedisAddress, _ timeouts: RedisTimeouts) throws(RedisError) {
        place = address.description
        self.timeouts = timeouts
        let limit = timeval(timeouts.connect)
        let opened: UnsafeMutablePointer<redisContext>?
        switch address.endpoint {
        case .tcp(let host, let port):
            opened = redisConnectWithTimeout(host, port, limit)
        case .unix(let path):
            guard path.utf8.count <= RedisAddress.maximumPathLength else {
                throw RedisError(
                    .invalidAddress,
                    "Redis at \(address): the path is above \(RedisAddress.maximumPathLength) bytes; use a shorter one"
                )
            }
            opened = redisConnectUnixWithTimeout(path, limit)
        }
        guard let opened else {
            throw RedisError(.unavailable, "Redis at \(place): out of memory in the client")
        }
        context = opened
        guard opened.pointee.err == 0 else {
            throw RedisError(
                .unavailable,
                "Redis at \(place): \(Self.text(opened)); is it running, and is the address right?")
        }
        redisSetTimeout(opened, timeval(timeouts.reply))
        if case .tcp = address.endpoint { redisEnableKeepAlive(opened) }
        // 0 keeps the reader's buffer between replies; the default would free it after each reply above 16 kB.
        opened.pointee.reader?.pointee.maxbuf = 0
    }

    deinit { redisFree(context) }

    /// Writes all commands, then reads as many replies. After a throw the context is of no use any more.
    func exchange(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
        for command in commands {
            let status = command.withArguments { redisAppendCommandArgv(context, $0, $1, $2) }
            guard status == REDIS_OK else { throw fault(errno) }
        }
        var replies: [RedisReply] = []
        replies.reserveCapacity(commands.count)
        for _ in commands {
            var raw: UnsafeMutableRawPointer?
            errno = 0
            guard redisGetReply(context, &raw) == REDIS_OK, let raw else { throw fault(errno) }
            defer { freeReplyObject(raw) }
            replies.append(
                RedisReply(copying: raw.assumingMemoryBound(to: redisReply.self), place: place))
        }
        return replies
    }

    /// The error that the context holds. `number` is the `errno` of the failed call.
    private func fault(_ number: Int32) -> RedisError {
        switch context.pointee.err {
        case REDIS_ERR_PROTOCOL:
            RedisError(
                .protocolViolation, "Redis at \(place): \(Self.text(context)): is this a Redis server?")
        case REDIS_ERR_IO where number == EAGAIN || number == EWOULDBLOCK:
            RedisError(.unavailable, "Redis at \(place): no answer within \(timeouts.reply)")
        default:
            RedisError(.unavailable, "Redis at \(place): connection lost: \(Self.text(context))")
        }
    }

    /// hiredis' text of the context's error.
    private static func text(_ context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: context.pointee.errstr) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension timeval {
    /// The duration in whole microseconds, at least one millisecond: zero would mean "for ever".
    fileprivate init(_ duration: Duration) {
        let bounded = min(max(duration, .milliseconds(1)), .seconds(1_000_000))
        let parts = bounded.components
        self.init(tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
    }
}
