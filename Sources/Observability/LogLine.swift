import Glibc

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
        case .json: Array(json.utf8)
        }
    }

    private var human: String {
        var line = time + " " + level.rawValue
        line += String(repeating: " ", count: 8 - level.rawValue.count)
        line += Self.onOneLine(message)
        for (name, value) in fields {
            line += " \(name)="
            switch value {
            case .string(let text):
                let plain = text.unicodeScalars.allSatisfy {
                    $0.value > 0x20 && $0.value != 0x7F && $0 != "\"" && $0 != "="
                }
                line += plain && !text.isEmpty ? text : JSONText.quoted(text)
            case .integer(let integer): line += String(integer)
            case .number(let number): line += String(number)
            case .boolean(let boolean): line += String(boolean)
            }
        }
        return line + "\n"
    }

    private var json: String {
        var line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\",\"message\":\(JSONText.quoted(message))"
        for (name, value) in fields {
            line += ",\(JSONText.quoted(name)):"
            switch value {
            case .string(let text): line += JSONText.quoted(text)
            case .integer(let integer): line += String(integer)
            // JSON has no NaN and no infinity.
            case .number(let number): line += number.isFinite ? String(number) : JSONText.quoted(String(number))
            case .boolean(let boolean): line += String(boolean)
            }
        }
        return line + "}\n"
    }

    /// The message with its control characters escaped: text from outside cannot forge a line or steer a terminal.
    private static func onOneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return text }
        return String(JSONText.quoted(text).dropFirst().dropLast())
    }
}
