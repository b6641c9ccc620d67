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
    @inlinable
    public mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        open(UInt8(ascii: "{"))
        try body(&self)
        close(UInt8(ascii: "}"))
    }

    /// Writes an array whose elements `body` writes.
    @inlinable
    public mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        open(UInt8(ascii: "["))
        try body(&self)
        close(UInt8(ascii: "]"))
    }

    /// Writes a field's name; its value must follow.
    public mutating func name(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a field's name that the program itself fixes: letters, digits and underscores, copied as they are.
    public mutating func name(fixed name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a string, escaped as RFC 8259 demands and no further.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// Writes an integer of any width, in decimal.
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

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    @usableFromInline
    mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    @usableFromInline
    mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
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
        let start = bytes.count
        bytes.append(contentsOf: description.utf8)
        let end = bytes.count
        guard end - start > 2, bytes[end - 1] == UInt8(ascii: "0"), bytes[end - 2] == UInt8(ascii: "."),
            description != "-0.0"
        else {
            return
        }
        bytes.removeLast(2)
    }

    /// Writes a text between quotes; what needs no escape is copied in runs.
    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for index in utf8.indices where utf8[index] < 0x20 || utf8[index] == 0x22 || utf8[index] == 0x5c {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
                escape(utf8[index])
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22, 0x5c:
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0a: bytes.append(contentsOf: "\\n".utf8)
        case 0x0d: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        default:
            bytes.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
            bytes.append(contentsOf: String(byte, radix: 16).utf8)
        }
    }
}
