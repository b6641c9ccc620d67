import Glibc
import JSON

/// One line of the log before it becomes bytes.
package struct LogLine {
    private let time: String
    private let level: LogLevel
    private let message: String
    private let fields: [(name: String, value: LogValue)]

    /// Of fields with one name the last one counts, at the place of the first. A field named as one of the line's own
    /// (`time`, `level`, `message`) gets an underscore, so that a JSON line never has a name twice.
    package init(time: timespec, level: LogLevel, message: String, fields: [(String, LogValue)]) {
        self.time = WallClock.format(time)
        self.level = level
        self.message = message
        var distinct: [(name: String, value: LogValue)] = []
        for (name, value) in fields {
            let name = ["time", "level", "message"].contains(name) ? name + "_" : name
            if let index = distinct.firstIndex(where: { $0.name == name }) {
                distinct[index].value = value
            } else {
                distinct.append((name, value))
            }
        }
        self.fields = distinct
    }

    /// The line in UTF-8, with its line feed.
    package func bytes(_ format: Logger.Format) -> [UInt8] {
        switch format {
        case .human: Array(human.utf8)
        case .json: json
        }
    }

    private var human: String {
        var line = time + " " + level.rawValue
        line += String(repeating: " ", count: 8 - level.rawValue.count)
        line += Self.escaped(message, quotes: false)
        for (name, value) in fields {
            line += " \(name)="
            switch value {
            case .string(let text):
                let isWord = !text.isEmpty && !text.unicodeScalars.contains { " =\"\\".unicodeScalars.contains($0) }
                let escaped = Self.escaped(text, quotes: !isWord)
                line += isWord ? escaped : "\"\(escaped)\""
            case .integer(let integer): line += String(integer)
            case .number(let number): line += String(number)
            case .boolean(let boolean): line += String(boolean)
            }
        }
        return line + "\n"
    }

    private var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("time")
            writer.string(time)
            writer.name("level")
            writer.string(level.rawValue)
            writer.name("message")
            writer.string(message)
            for (name, value) in fields {
                writer.name(name)
                switch value {
                case .string(let text): writer.string(text)
                case .integer(let integer): writer.integer(integer)
                case .number(let number):
                    // JSON has no NaN and no infinity: those stand as text.
                    do { try writer.number(number) } catch { writer.string(String(number)) }
                case .boolean(let boolean): writer.bool(boolean)
                }
            }
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Control characters escaped, so that text from outside cannot forge a line or steer a terminal; inside quotes those
    /// and the backslash as well.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"" where quotes: result += "\\\""
            case "\\" where quotes: result += "\\\\"
            case _ where scalar.properties.generalCategory == .control:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
