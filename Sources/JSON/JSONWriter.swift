import Bytes

/// Writes JSON into bytes: the same calls give the same bytes, whenever and wherever.
///
/// Fields come in the order of the calls, without white space. Floats take the fewest digits that read back to the same
/// value in their own type; whole ones have no `.0`. Names and begin/end pairs are the caller's to keep in order.
public struct JSONWriter: ~Copyable {
    @usableFromInline var written: GrowingBytes
    /// Whether the next value or name follows another and needs a comma.
    @usableFromInline var needsComma = false

    public init(reserving capacity: Int = 256) { written = GrowingBytes(reserving: capacity) }

    /// A copy of what has been written.
    public var bytes: [UInt8] { written.array }

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
        written.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a number, in decimal, as a field's name.
    @inlinable
    public mutating func name<Value: FixedWidthInteger>(of number: Value) {
        separate()
        written.append(UInt8(ascii: "\""))
        if number < 0 { written.append(UInt8(ascii: "-")) }
        digits(of: number.magnitude)
        written.append("\":")
        needsComma = false
    }

    /// Writes a field's name that the program itself fixes: letters, digits and underscores, copied as they are.
    @inlinable
    public mutating func name(fixed name: StaticString) {
        separate()
        written.append(UInt8(ascii: "\""))
        written.append(name)
        written.append("\":")
        needsComma = false
    }

    /// Writes a string, escaped as RFC 8259 demands and no further.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// Writes an integer of any width, in decimal.
    @inlinable
    public mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        separate()
        if value < 0 { written.append(UInt8(ascii: "-")) }
        digits(of: value.magnitude)
    }

    @inlinable
    mutating func digits<Value: FixedWidthInteger & UnsignedInteger>(of value: Value) {
        let (rest, last) = value.quotientAndRemainder(dividingBy: 10)
        if rest > 0 { digits(of: rest) }
        written.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: last))
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
        written.append(value ? "true" : "false")
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        written.append("null")
    }

    @usableFromInline
    mutating func open(_ bracket: UInt8) {
        separate()
        written.append(bracket)
        needsComma = false
    }

    @usableFromInline
    mutating func close(_ bracket: UInt8) {
        written.append(bracket)
        needsComma = true
    }

    @inlinable
    mutating func separate() {
        if needsComma { written.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Swift's description of a finite float is the shortest that reads back, and it is JSON. A negative zero keeps its `.0`:
    /// many parsers take `-0` for the integer 0.
    private mutating func digits(_ description: String) {
        separate()
        var description = description
        description.withUTF8 { utf8 in
            let count = utf8.count
            let isWhole = count > 2 && utf8[count - 2] == UInt8(ascii: ".") && utf8[count - 1] == UInt8(ascii: "0")
            let kept = isWhole && !utf8.elementsEqual("-0.0".utf8) ? count - 2 : count
            written.append(contentsOf: UnsafeRawBufferPointer(start: utf8.baseAddress, count: kept))
        }
    }

    /// Writes a text between quotes.
    private mutating func quote(_ text: String) {
        written.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            let utf8 = UnsafeRawBufferPointer(utf8)
            if JSONEscapes.areNeeded(in: utf8) {
                for byte in utf8 { JSONEscapes.append(byte, to: &written) }
            } else {
                written.append(contentsOf: utf8)
            }
        }
        written.append(UInt8(ascii: "\""))
    }
}
