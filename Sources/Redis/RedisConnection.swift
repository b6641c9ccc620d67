import CHiredis
import Foundation

/// How long a connection waits.
public struct RedisTimeouts: Equatable, Sendable {
    /// For the connection to be made. Resolving a host's name is not bounded by it (`getaddrinfo` is not).
    public var connect: Duration
    /// For bytes of a reply to arrive, or for bytes of a command to be taken.
    public var reply: Duration

    public init(connect: Duration = .seconds(2), reply: Duration = .seconds(5)) {
        self.connect = connect
        self.reply = reply
    }
}

/// A blocking connection to one Redis server, used from one thread at a time.
///
/// It connects at the first command, and again at the next command after any fault, so a caller that may repeat its
/// command has nothing else to do. The process must ignore `SIGPIPE`, since hiredis writes with `write(2)`: the
/// program's start does that for `breadcrumb`, a test suite does it for itself (`signal(SIGPIPE, SIG_IGN)`).
public final class RedisConnection {
    public let address: RedisAddress
    public let timeouts: RedisTimeouts
    private var handle: Handle?
    /// The digests of the scripts this connection has loaded, by script.
    private var digests: [RedisScript: String] = [:]

    /// Describes a connection; nothing is opened yet.
    public init(_ address: RedisAddress, timeouts: RedisTimeouts = RedisTimeouts()) {
        self.address = address
        self.timeouts = timeouts
    }

    /// Opens the connection if it is not open: connects, authenticates, selects the database, and checks with PING that
    /// a Redis server is ready to serve.
    public func connect() throws(RedisError) {
        guard handle == nil else { return }
        let fresh = try Handle(address, timeouts)
        var commands: [RedisCommand] = []
        if let password = address.password {
            var command = RedisCommand("AUTH")
            if let username = address.username { command.append(username) }
            command.append(password)
            commands.append(command)
        }
        if address.database != 0 { commands.append(RedisCommand("SELECT", String(address.database))) }
        commands.append(RedisCommand("PING"))
        var replies = try fresh.exchange(commands)[...]
        if address.password != nil, case .error(let error)? = replies.popFirst() {
            // The server's own words may repeat the command's arguments, so they are left out.
            throw RedisError(
                .authentication,
                "Redis at \(address): the user or password was refused (\(error.word)); correct them"
            )
        }
        let ready = replies.removeLast()
        if case .error(let error) = ready {
            // PING fails with a bare ERR only when the server turns the connection away (too many clients).
            throw error.code == .script("ERR") ? RedisError(.unavailable, error.message) : error
        }
        if case .error(let error)? = replies.popFirst() {
            throw error.code == .script("ERR")
                ? RedisError(
                    .invalidAddress,
                    "Redis at \(address): database \(address.database) was refused: \(error.message)")
                : error
        }
        guard ready == .status("PONG") else {
            throw RedisError(
                .protocolViolation,
                "Redis at \(address): PING was not answered by PONG: is this a Redis server?")
        }
        handle = fresh
    }

    /// Closes the connection; the next command opens it again.
    public func disconnect() {
        handle = nil
    }

    /// Sends the commands in one go and reads their replies, in order. Error replies stand in their places; only a
    /// fault of the connection is thrown, after which any of the commands may or may not have been run.
    public func pipeline(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
        try connect()
        guard let handle else { return [] }
        do {
            let replies = try handle.exchange(commands)
            // A server that says so serves again only after a reconnection (a new primary behind the same name).
            if replies.contains(where: \.asksForReconnection) { disconnect() }
            return replies
        } catch {
            disconnect()
            throw error
        }
    }

    /// Sends one command and returns its reply; an error reply is thrown.
    public func send(_ command: RedisCommand) throws(RedisError) -> RedisReply {
        let replies = try pipeline([command])
        guard let reply = replies.first else {
            throw RedisError(.protocolViolation, "Redis at \(address): no reply")
        }
        if case .error(let error) = reply { throw error }
        return reply
    }

    /// Makes the server know `script` and remembers the digest that the server gave it. A script that does not compile
    /// is an error reply, thrown.
    @discardableResult
    public func load(_ script: RedisScript) throws(RedisError) -> String {
        guard let digest = try send(RedisCommand("SCRIPT", "LOAD", script.source)).optionalText() else {
            throw RedisError(.protocolViolation, "Redis at \(address): SCRIPT LOAD gave no digest")
        }
        digests[script] = digest
        return digest
    }

    /// Runs `script` by its digest; loads it first when the server does not know it (any more).
    ///
    /// - Parameters:
    ///   - keys: how many of the appended words are keys (`KEYS`); the rest are `ARGV`.
    ///   - fill: appends the keys, then the arguments; called again if the command must be sent again.
    public func run(
        _ script: RedisScript, keys: Int, _ fill: (inout RedisCommand) -> Void
    ) throws(RedisError) -> RedisReply {
        func command(_ digest: String) -> RedisCommand {
            var command = RedisCommand("EVALSHA", digest, String(keys))
            fill(&command)
            return command
        }
        if let digest = digests[script] {
            do {
                return try send(command(digest))
            } catch {
                guard error.code == .noScript else { throw error }
            }
        }
        return try send(command(load(script)))
    }
}

@available(*, unavailable)
extension RedisConnection: Sendable {}

extension RedisReply {
    fileprivate var asksForReconnection: Bool {
        guard case .error(let error) = self else { return false }
        return error.code == .readOnly || error.code == .loading
    }
}

extension RedisError {
    /// The first word of the error reply this came from, for errors whose text must not be repeated.
    fileprivate var word: String {
        switch code {
        case .script(let word): word
        case .authentication: "WRONGPASS"
        default: "\(code)"
        }
    }
}
