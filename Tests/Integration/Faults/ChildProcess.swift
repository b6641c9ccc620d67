import Foundation
import Testing

extension Faults {
    /// A child process whose output is kept line by line. It dies with the thread that started it.
    final class ChildProcess: @unchecked Sendable {  // every mutable field is guarded by `condition`
        /// How a process ended.
        enum End: Equatable {
            case exit(Int32)
            case signal(Int32)
        }

        private let condition = NSCondition()
        private var pid: pid_t = 0
        private var output: [String] = []
        private var end: End?
        private var isOutputAtEnd = false

        /// Starts `executable`; standard output and standard error are read as one.
        init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) throws {
            var ends: [Int32] = [-1, -1]
            // Closed on exec from the start, which `pipe` cannot do: no other child keeps us from seeing the output's end.
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            let made = socketpair(AF_UNIX, kind, 0, &ends)
            try #require(made == 0)
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
            posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
            // A thread of Dispatch blocks signals, and children inherit that; an ignored SIGPIPE likewise.
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            var signals = sigset_t()
            sigemptyset(&signals)
            posix_spawnattr_setsigmask(&attributes, &signals)
            sigaddset(&signals, SIGPIPE)
            posix_spawnattr_setsigdefault(&attributes, &signals)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
            // setpriv is replaced by the program, which keeps its process number and the wish to die with its parent.
            let words = ["setpriv", "--pdeathsig", "KILL", executable] + arguments
            var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
            defer { for pointer in pointers { free(pointer) } }
            let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("BREADCRUMB_") }
            var variables: [UnsafeMutablePointer<CChar>?] =
                inherited.merging(environment) { $1 }.map { strdup("\($0)=\($1)") } + [nil]
            defer { for variable in variables { free(variable) } }
            let status = posix_spawnp(&pid, "setpriv", &actions, &attributes, &pointers, &variables)
            close(ends[1])
            guard status == 0 else {
                close(ends[0])
                throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EIO)
            }
            let (descriptor, child) = (ends[0], pid)
            Thread.detachNewThread { self.follow(descriptor) }
            Thread.detachNewThread { self.await(child) }
        }

        /// The lines so far, without line feeds.
        var lines: [String] { condition.withLock { output } }

        /// Sends a signal, unless the process has ended.
        func send(_ signal: Int32) {
            condition.withLock { if end == nil { kill(pid, signal) } }
        }

        /// Waits for the end and the last of the output; nil after `seconds`.
        func wait(_ seconds: Double = 30) -> End? {
            _ = until(seconds) { _ in self.end != nil && self.isOutputAtEnd }
            return condition.withLock { end }
        }

        /// SIGKILL, and waits until the process is gone.
        func destroy() {
            send(SIGKILL)
            _ = wait()
        }

        /// True as soon as the output meets `check`, asked after every line; false after `seconds` or at its end.
        func says(_ seconds: Double = 30, _ check: ([String]) -> Bool) -> Bool {
            until(seconds) { check($0) || self.isOutputAtEnd } && check(lines)
        }

        /// True as soon as `check` holds, which is asked after every line of the output and every 50 ms.
        func polls<Failure: Error>(_ seconds: Double = 30, _ check: () throws(Failure) -> Bool) throws(Failure) -> Bool
        {
            let limit = Date(timeIntervalSinceNow: seconds)
            while Date() < limit {
                if try check() { return true }
                condition.withLock { _ = condition.wait(until: min(limit, Date(timeIntervalSinceNow: 0.05))) }
            }
            return try check()
        }

        /// The objects of a JSON log with this message.
        func log(_ message: String) -> [[String: String]] {
            lines.compactMap { line in
                guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                    return nil
                }
                let fields = object.mapValues { "\($0)" }
                return fields["message"] == message ? fields : nil
            }
        }

        private func until(_ seconds: Double, _ check: ([String]) -> Bool) -> Bool {
            let limit = Date(timeIntervalSinceNow: seconds)
            return condition.withLock {
                while !check(output) { if !condition.wait(until: limit) { return check(output) } }
                return true
            }
        }

        private func await(_ child: pid_t) {
            var status: Int32 = 0
            // Waits without reaping, so that no signal can meet another process under the same number.
            var information = siginfo_t()
            while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            condition.withLock {
                while waitpid(child, &status, 0) < 0, errno == EINTR {}
                end = status & 0x7f == 0 ? .exit((status >> 8) & 0xff) : .signal(status & 0x7f)
                condition.broadcast()
            }
        }

        private func follow(_ descriptor: Int32) {
            var chunk = [UInt8](repeating: 0, count: 4_096)
            var line: [UInt8] = []
            while true {
                let count = read(descriptor, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                for byte in chunk[..<count] {
                    if byte != UInt8(ascii: "\n") {
                        line.append(byte)
                        continue
                    }
                    take(line)
                    line.removeAll(keepingCapacity: true)
                }
            }
            close(descriptor)
            if !line.isEmpty { take(line) }
            condition.withLock {
                isOutputAtEnd = true
                condition.broadcast()
            }
        }

        private func take(_ line: [UInt8]) {
            condition.withLock {
                output.append(String(decoding: line, as: UTF8.self))
                condition.broadcast()
            }
        }
    }
}
