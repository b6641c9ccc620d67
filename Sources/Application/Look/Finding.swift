import JSON

/// One line about something that is missing, odd or away.
struct Finding: Equatable {
    enum Severity: String {
        /// Worth knowing; nothing is wrong.
        case note
        /// Something is wrong: the command ends with code 1.
        case problem
    }

    var severity: Severity
    var message: String

    static func note(_ message: String) -> Finding { Finding(severity: .note, message: message) }

    static func problem(_ message: String) -> Finding { Finding(severity: .problem, message: message) }
}

extension [Finding] {
    /// Whether nothing is wrong.
    var areHarmless: Bool { allSatisfy { $0.severity != .problem } }

    /// Adds a finding that is not there yet: one cause may be met by several questions.
    mutating func add(_ finding: Finding) { if !contains(finding) { append(finding) } }

    /// A line each, problems first.
    var text: String {
        let ordered = filter { $0.severity == .problem } + filter { $0.severity == .note }
        return ordered.map { "\($0.severity == .problem ? "!" : "-") \($0.message.printable)\n" }.joined()
    }
}

extension JSONWriter {
    /// The last members of a report: `findings` and `ok`.
    mutating func members(_ findings: [Finding]) {
        name(fixed: "findings")
        array { json in
            for finding in findings {
                json.object { json in
                    json.member("severity", finding.severity.rawValue)
                    json.member("message", finding.message)
                }
            }
        }
        name(fixed: "ok")
        bool(findings.areHarmless)
    }
}
