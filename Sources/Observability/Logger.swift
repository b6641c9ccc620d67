import Glibc

/// How much a log line matters.
public enum LogLevel: String, CaseIterable, Comparable, Sendable {
    /// For whoever looks for a fault.
    case debug
    /// Something worth knowing that needs nobody.
    case info
    /// Something that heals by itself or that somebody should look at in time.
    case warning
    /// Something that needs somebody.
    case error

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}

/// Structured log lines on a file descriptor, standard error unless another is named.
///
/// Every line is one `write(2)`, so lines of several threads and processes do not mix. A logger is a value: `with` gives
/// one that adds a field to each of its lines.
public struct Logger: Sendable {
    /// The form of a line.
    public enum Format: String, CaseIterable, Sendable {
        /// `2026-11-01T12:00:00.123Z info    partition claimed partition=3 epoch=7`
        case human
        /// One JSON object a line: `time`, `level`, `message`, then the fields in their order.
        case json
    }

    /// Lines below this level are not written, nor are their messages and fields evaluated.
    public var level: LogLevel
    /// How a line looks.
    public var format: Format
    private let descriptor: Int32
    private var context: [(String, LogValue)] = []

    /// A logger without context. `descriptor` must stay open as long as the logger is used.
    public init(level: LogLevel = .info, format: Format = .human, descriptor: Int32 = STDERR_FILENO) {
        self.level = level
        self.format = format
        self.descriptor = descriptor
    }

    /// A logger whose lines also carry this field.
    public func with(_ name: String, _ value: LogValue) -> Logger {
        var logger = self
        logger.context.append((name, value))
        return logger
    }

    /// Writes a line. Of fields with one name the last one counts.
    public func log(
        _ level: LogLevel, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        guard level >= self.level else { return }
        let line = LogLine(
            time: WallClock.now(), level: level, message: message(),
            fields: context + fields().map { ($0.key, $0.value) })
        write(line.bytes(format))
    }

    /// Writes a line for whoever looks for a fault.
    public func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.debug, message(), fields())
    }

    /// Writes a line that needs nobody.
    public func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.info, message(), fields())
    }

    /// Writes a line that somebody should look at in time.
    public func warning(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.warning, message(), fields())
    }

    /// Writes a line that needs somebody.
    public func error(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, LogValue> = [:]
    ) {
        log(.error, message(), fields())
    }

    /// One call in the ordinary case; the rest of a line that was cut short (a full pipe, a signal) follows it. A line
    /// that cannot be written is lost: a log must not stop what it reports on.
    private func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
