/// The labels of a series, ordered by name so that the order in which they are written does not matter.
public struct Labels: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    let pairs: [Pair]

    struct Pair: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// Names are the program's own and must be `[a-zA-Z_][a-zA-Z0-9_]*`, each once; values may be any text.
    public init(dictionaryLiteral elements: (String, String)...) {
        pairs = elements.map { Pair(name: $0.0, value: $0.1) }.sorted { $0.name < $1.name }
        for (index, pair) in pairs.enumerated() {
            precondition(MetricName.isValid(pair.name), "label \(pair.name): not a Prometheus label name")
            precondition(index == 0 || pairs[index - 1].name != pair.name, "label \(pair.name) is given twice")
        }
    }

    /// `{a="1",b="2"}`, or nothing without labels. `extra` comes last: the `le` of a histogram's bucket.
    func exposition(extra: (name: String, value: String)? = nil) -> String {
        var parts = pairs.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        if let extra { parts.append("\(extra.name)=\"\(extra.value)\"") }
        return parts.isEmpty ? "" : "{" + parts.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

enum MetricName {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`: colons are left to recording rules, as Prometheus asks.
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
