import Foundation
import Synchronization

/// One running `redis-server`, with a shell between that ends it should this process die without doing so.
///
/// By `posix_spawn`, since Foundation's `Process` learns of an end by a socket that other children may hold open.
/// `end` consumes it, so the shell is waited for exactly once.
struct ServerProcess: ~Copyable {
    /// Starts the server, says its process number, gives up the output, and waits for a word on its input. KILL leaves
    /// the directory (`$0`) for a restart; TERM, or the input's end because the parent is gone, removes it with the
    /// server.
    private static let guardian = #"""
        "$@" </dev/null &
        server=$!
        echo "$server"
        exec >/dev/null 2>&1
        read -r line
        kill -s "${line:-KILL}" "$server"
        wait "$server"
        [ "$line" = KILL ] || rm -rf -- "$0"
        """#

    /// The server's process number (not the shell's).
    let identifier: Int32
    private let shell: pid_t
    /// The writing end of the shell's input.
    private let input: Int32

    /// Starts it and returns when its output says that it accepts connections.
    static func start(
        _ executable: URL, _ arguments: [String], in directory: URL, patience: Duration
    ) throws(RedisError) -> ServerProcess {
        func fault(_ reason: String) -> RedisError {
            RedisError(.unavailable, "\(executable.path) did not start: \(reason)")
        }
        guard let inward = channel() else { throw fault(String(cString: strerror(errno))) }
        guard let outward = channel() else {
            close(inward.ours)
            close(inward.theirs)
            throw fault(String(cString: strerror(errno)))
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inward.theirs, 0)
        posix_spawn_file_actions_adddup2(&actions, outward.theirs, 1)
        posix_spawn_file_actions_adddup2(&actions, outward.theirs, 2)
        // A thread of Dispatch blocks signals and children inherit that: the shell would never hear of its child's end,
        // nor the server of SIGTERM. An ignored SIGPIPE is inherited likewise.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = ["sh", "-c", guardian, directory.path, executable.path] + arguments
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let status = posix_spawn(&child, "/bin/sh", &actions, &attributes, &pointers, environ)
        close(inward.theirs)
        close(outward.theirs)
        guard status == 0 else {
            close(inward.ours)
            close(outward.ours)
            throw fault(String(cString: strerror(status)))
        }
        let output = Output(takingOwnershipOf: outward.ours)
        // A server whose output nobody reads would stop at a full pipe, so a thread reads it to its end.
        Thread.detachNewThread { output.follow() }
        let verdict = output.verdict(within: patience)
        let started = ServerProcess(identifier: verdict.identifier ?? 0, shell: child, input: inward.ours)
        guard verdict.isReady else {
            started.end(with: SIGKILL)
            throw fault(verdict.last)
        }
        return started
    }

    /// Ends the server by SIGKILL or SIGTERM, and returns when it is gone.
    consuming func end(with signal: Int32) {
        let name = Array((signal == SIGKILL ? "KILL\n" : "TERM\n").utf8)
        _ = write(input, name, name.count)
        close(input)
        var status: Int32 = 0
        while waitpid(shell, &status, 0) < 0, errno == EINTR {}
    }
}

/// Two connected descriptors, nil if there are none to be had (`errno`). Closed on exec from the start (which `pipe`
/// cannot do), so that no other child keeps a guardian from seeing the end of its input.
private func channel() -> (ours: Int32, theirs: Int32)? {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    return socketpair(AF_UNIX, kind, 0, &ends) == 0 ? (ends[0], ends[1]) : nil
}

/// What the server says on its output, line by line.
private final class Output: Sendable {
    /// What is known so far.
    struct Verdict: Sendable {
        var identifier: Int32?
        var isReady = false
        var last = "it said nothing"
    }

    private let descriptor: Int32
    private let state = Mutex(Verdict())
    private let known = DispatchSemaphore(value: 0)

    init(takingOwnershipOf descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Waits until the server is ready or gone, or for `patience`.
    func verdict(within patience: Duration) -> Verdict {
        let seconds = Int(clamping: patience.components.seconds)
        let inTime = known.wait(timeout: .now() + .seconds(seconds)) == .success
        return state.withLock { verdict in
            if !inTime { verdict.last = "not ready after \(seconds) s; \(verdict.last)" }
            return verdict
        }
    }

    /// Reads to the end of the output and closes it; signals at the line that says ready, and at the end.
    func follow() {
        defer {
            close(descriptor)
            known.signal()
        }
        var chunk = [UInt8](repeating: 0, count: 4_096)
        var line: [UInt8] = []
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            for byte in chunk[..<count] {
                if byte == UInt8(ascii: "\n") {
                    take(String(decoding: line, as: UTF8.self))
                    line.removeAll(keepingCapacity: true)
                } else if line.count < 1_024 {
                    line.append(byte)
                }
            }
        }
    }

    private func take(_ line: String) {
        let becameReady = state.withLock { verdict in
            if verdict.identifier == nil { verdict.identifier = Int32(line) }
            if !line.isEmpty { verdict.last = line }
            // Said of the Unix socket, which is opened last; of a TCP port the words are others.
            guard !verdict.isReady, line.contains("ready to accept connections") else { return false }
            verdict.isReady = true
            return true
        }
        if becameReady { known.signal() }
    }
}
