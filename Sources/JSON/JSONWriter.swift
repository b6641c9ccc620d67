/// Writes JSON into bytes: the same calls give the same bytes, whenever and wherever.
///
/// Fields come in the order of the calls, without white space. Floats take the fewest digits that read back to the same
/// value in their own type; whole ones have no `.0`. Names and begin/end pairs are the caller's to keep in order.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    /// Whether the next value or name follows another and needs a comma.
    private var needsComma = false

    public init(reserving capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// Writes an object whose fields `body` writes.
    public mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        try scope(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// Writes an array whose elements `body` writes.
    public mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        try scope(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    /// Writes a field's name; its value must follow.
    public mutating func name(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a string, escaped as RFC 8259 demands and no further.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    public mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Writes a single in the fewest digits that read back to the same single.
    /// - Throws: `JSONError` (`notFinite`) for a NaN or an infinity; nothing is written then.
    public mutating func number(_ value: Float) throws(JSONError) {
        guard value.isFinite else { throw JSONError(.notFinite, "JSON has no way to write \(value)") }
        digits(value.description)
    }

    /// Writes a double in the fewest digits that read back to the same double.
    /// - Throws: `JSONError` (`notFinite`) for a NaN or an infinity; nothing is written then.
    public mutating func number(_ value: Double) throws(JSONError) {
        guard value.isFinite else { throw JSONError(.notFinite, "JSON has no way to write \(value)") }
        digits(value.description)
    }

    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    private mutating func scope<Failure: Error>(
        _ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        separate()
        bytes.append(open)
        needsComma = false
        try body(&self)
        bytes.append(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Swift's description of a finite float is the shortest that reads back, and it is JSON. A negative zero keeps its `.0`:
    /// many parsers take `-0` for the integer 0.
    private mutating func digits(_ description: String) {
        separate()
        bytes.append(contentsOf: description.utf8)
        if description.hasSuffix(".0"), description != "-0.0" { bytes.removeLast(2) }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0a: bytes.append(contentsOf: "\\n".utf8)
            case 0x0d: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                let hexadecimal = String(byte, radix: 16)
                bytes.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
                bytes.append(contentsOf: hexadecimal.utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
