import Foundation
import Synchronization

/// One running `redis-server`, with a shell between that ends it should this process die without doing so.
///
/// `Process` is used by the thread that holds `RedisServer`'s lock alone, hence `@unchecked`.
final class ServerProcess: @unchecked Sendable {
  /// Starts the server, says its process number, gives up the output, and waits for a signal's name on its input. The
  /// input's end without one means that the parent is gone: then the directory (`$0`) has no owner any more either.
  private static let guardian = #"""
    "$@" </dev/null &
    server=$!
    echo "$server"
    exec >/dev/null 2>&1
    read -r line
    kill -s "${line:-KILL}" "$server"
    wait "$server"
    [ -n "$line" ] || rm -rf -- "$0"
    """#

  /// The server's process number (not the shell's).
  let identifier: Int32
  private let shell = Process()
  private let input = Pipe()
  private let ended = DispatchSemaphore(value: 0)

  /// Starts it and returns when its output says that it accepts connections.
  init(_ executable: URL, _ arguments: [String], in directory: URL, patience: Duration)
    throws(RedisError)
  {
    let output = Pipe()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", Self.guardian, directory.path, executable.path] + arguments
    shell.standardInput = input
    shell.standardOutput = output
    shell.standardError = output
    shell.terminationHandler = { [ended] _ in ended.signal() }
    do {
      try shell.run()
    } catch {
      throw RedisError(
        .unavailable, "\(executable.path) cannot be started: \(error.localizedDescription)")
    }
    let words = Words()
    let descriptor = output.fileHandleForReading
    // A server whose output nobody reads would stop at a full pipe, so a thread reads it to its end.
    Thread.detachNewThread { words.follow(descriptor) }
    let verdict = words.verdict(within: patience)
    identifier = verdict.identifier ?? 0
    guard verdict.isReady else {
      end(with: SIGKILL)
      throw RedisError(.unavailable, "\(executable.path) did not start: \(verdict.last)")
    }
  }

  /// Ends the server by `signal` and waits until it is gone.
  func end(with signal: Int32) {
    let name = signal == SIGKILL ? "KILL\n" : "TERM\n"
    try? input.fileHandleForWriting.write(contentsOf: Data(name.utf8))
    try? input.fileHandleForWriting.close()
    ended.wait()
  }
}

/// What the server says on its output, line by line, until it is ready or its output ends.
private final class Words: Sendable {
  /// What is known so far.
  struct Verdict: Sendable {
    var identifier: Int32?
    var isReady = false
    var last = "it said nothing"
  }

  private let state = Mutex(Verdict())
  private let known = DispatchSemaphore(value: 0)

  /// Waits until the server is ready or gone, or for `patience`.
  func verdict(within patience: Duration) -> Verdict {
    let limit = Int(clamping: patience.components.seconds)
    let inTime = known.wait(timeout: .now() + .seconds(limit)) == .success
    return state.withLock { verdict in
      if !inTime { verdict.last = "not ready after \(limit) s; \(verdict.last)" }
      return verdict
    }
  }

  /// Reads to the end of the output; signals once at the line that says ready, or at the end.
  func follow(_ output: FileHandle) {
    var pending = Data()
    var wasReady = false
    while let chunk = try? output.read(upToCount: 4_096), !chunk.isEmpty {
      pending.append(chunk)
      while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: pending[pending.startIndex..<end], as: UTF8.self)
        pending = Data(pending[pending.index(after: end)...])
        let isReady = state.withLock { verdict in
          if verdict.identifier == nil { verdict.identifier = Int32(line) }
          if line.contains("Ready to accept connections") { verdict.isReady = true }
          if !line.isEmpty { verdict.last = line }
          return verdict.isReady
        }
        if isReady, !wasReady {
          wasReady = true
          known.signal()
        }
      }
    }
    if !wasReady { known.signal() }
  }
}
