/// The value of a field of a log line. Literals are values: `["partition": 3, "topic": "events"]`.
public enum LogValue: Equatable, Sendable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)

    /// Any integer; one beyond 64 signed bits is written as text.
    public init(_ value: some BinaryInteger) {
        self = Int64(exactly: value).map(LogValue.integer) ?? .string(String(value))
    }

    /// A number.
    public init(_ value: Double) { self = .number(value) }

    /// A truth value.
    public init(_ value: Bool) { self = .boolean(value) }

    /// A text.
    public init(_ value: String) { self = .string(value) }

    /// A duration in seconds; name the field with its unit: `elapsed_seconds`.
    public init(_ value: Duration) { self = .number(value / .seconds(1)) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }

    public init(integerLiteral value: Int64) { self = .integer(value) }

    public init(floatLiteral value: Double) { self = .number(value) }

    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}
