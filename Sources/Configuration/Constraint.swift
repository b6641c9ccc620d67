/// What a key or option accepts beyond its type.
public struct Constraint<Value: ConfigurationValue>: Sendable {
    /// For the documentation: "1 to 1000"; empty where everything is accepted.
    let summary: String
    /// What is wrong with a value, without naming it; nil where nothing is.
    let complaint: @Sendable (Value) -> String?
    /// Whether a refused value is left out of the message.
    let hidesValue: Bool

    /// A rule of one's own.
    ///
    /// - Parameters:
    ///   - hidesValue: leaves a refused value out of the message: it may hold a secret, or be long.
    ///   - complaint: what is wrong with a value, to stand behind it; nil where nothing is.
    public init(_ summary: String, hidesValue: Bool = false, complaint: @escaping @Sendable (Value) -> String?) {
        self.summary = summary
        self.hidesValue = hidesValue
        self.complaint = complaint
    }

    /// Every value of the type.
    public static var any: Constraint { Constraint("") { _ in nil } }
}

extension Constraint where Value: Comparable {
    /// Values from the lower to the upper bound, both included.
    public static func within(_ range: ClosedRange<Value>) -> Constraint {
        let summary = "\(range.lowerBound.text) to \(range.upperBound.text)"
        return Constraint(summary) { range.contains($0) ? nil : "out of range, which is \(summary)" }
    }
}

extension Constraint<String> {
    /// Any text but the empty one.
    public static var notEmpty: Constraint { Constraint("not empty") { $0.isEmpty ? "must not be empty" : nil } }
}

/// Reads a raw value as a type within a constraint.
enum Reading {
    /// - Returns: the value, or all that is wrong with it.
    static func value<Value: ConfigurationValue>(
        _ raw: RawValue, _ constraint: Constraint<Value>
    ) -> Result<Value, Complaints> {
        guard let value = Value(raw) else { return .failure(Complaints(texts: Value.complaints(about: raw))) }
        guard let complaint = constraint.complaint(value) else { return .success(value) }
        let shown = constraint.hidesValue ? "" : "\(RawValue.untyped(value.text).shown): "
        return .failure(Complaints(texts: [shown + complaint]))
    }

    struct Complaints: Error {
        let texts: [String]
    }
}
