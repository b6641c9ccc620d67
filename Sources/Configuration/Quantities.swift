/// Durations are written with their unit: whole numbers of ms, s, m, h or d.
extension Duration: ConfigurationValue {
    public static var kind: String { "a duration such as 500ms, 30s, 2m, 12h, 7d" }

    private static let units: [(name: String, factor: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    public init?(_ raw: RawValue) {
        guard let text = String(raw), let milliseconds = Quantity.parse(text, units: Self.units)
        else { return nil }
        self = .milliseconds(milliseconds)
    }

    /// In the largest unit that needs no fraction; what is below a millisecond is left out.
    public var text: String {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return "\(seconds)s" }
        let milliseconds = whole &+ attoseconds / 1_000_000_000_000_000
        if milliseconds == 0 { return "0s" }
        return Quantity.text(milliseconds, units: Self.units)
    }
}

/// A number of bytes, written with its unit: whole numbers of B, KiB, MiB or GiB.
public struct ByteCount: Hashable, Comparable, Sendable {
    /// How many bytes; not negative.
    public let bytes: Int

    /// `bytes` is not negative.
    public init(bytes: Int) { self.bytes = bytes }

    /// Units of 1,024 bytes.
    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 10) }

    /// Units of 1,048,576 bytes.
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 20) }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: ConfigurationValue {
    public static var kind: String { "a size such as 500B, 64KiB, 16MiB, 2GiB" }

    private static let units: [(name: String, factor: Int64)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    public init?(_ raw: RawValue) {
        guard let text = String(raw), let bytes = Quantity.parse(text, units: Self.units) else {
            return nil
        }
        self.init(bytes: Int(bytes))
    }

    public var text: String { bytes == 0 ? "0B" : Quantity.text(Int64(bytes), units: Self.units) }
}

/// Whole numbers with a unit.
private enum Quantity {
    /// Digits and one of the units, nothing else; nil also where the product exceeds 64 bits.
    static func parse(_ text: String, units: [(name: String, factor: Int64)]) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let number = Int64(digits), let unit = units.first(where: { $0.name == suffix }) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit.factor)
        return overflow ? nil : product
    }

    static func text(_ value: Int64, units: [(name: String, factor: Int64)]) -> String {
        let unit = units.first { value % $0.factor == 0 } ?? ("", 1)
        return "\(value / unit.factor)\(unit.name)"
    }
}
