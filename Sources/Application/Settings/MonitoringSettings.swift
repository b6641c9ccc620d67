import Configuration
import Observability

/// Where metrics and health are served.
public struct HTTPSettings: ConfigurationSection {
    /// Numeric address or a name of this machine.
    public var address: String
    /// 0 for any that is free.
    public var port: Int

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        address = keys.value(
            "http.address", default: "127.0.0.1", accepting: .notEmpty,
            "Address of /metrics and /health; only this machine by default, 0.0.0.0 for every address it has.")
        port = keys.value(
            "http.port", default: 9464, accepting: .within(0...65_535), "Its port; 0 takes any that is free.")
    }
}

/// What the log says, and how.
public struct LogSettings: ConfigurationSection {
    /// The least important lines that are written.
    public var level: LogLevel
    /// How a line looks.
    public var format: Logger.Format

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        level = keys.value("log.level", default: .info, "The least important lines that are written.")
        format = keys.value("log.format", default: .human, "human: to be read; json: one object a line.")
    }
}

// Names for values that belong to Observability, which knows nothing of configuration.
extension LogLevel: ConfigurationValue {}
extension Logger.Format: ConfigurationValue {}
