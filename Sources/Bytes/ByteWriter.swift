#if _endian(big)
    #error("binary records are little-endian, and float arrays are copied as they lie in memory")
#endif

/// Writes a binary record: little-endian integers, LEB128 lengths, UTF-8 strings, arrays of IEEE 754 singles and halves.
///
/// The counterpart is `ByteReader`; both name the same things in the same order, so a record's two functions read alike.
public struct ByteWriter: ~Copyable {
    @usableFromInline var written: GrowingBytes

    public init(reserving capacity: Int = 0) { written = GrowingBytes(reserving: capacity) }

    /// A copy of what has been written.
    public var bytes: [UInt8] { written.array }

    /// Writes a fixed-width integer, least significant byte first.
    @inlinable
    public mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { written.append(contentsOf: $0) }
    }

    /// Writes integers in bulk, each least significant byte first, with no length.
    public mutating func integers(_ values: [UInt64]) { values.withUnsafeBytes { written.append(contentsOf: $0) } }

    /// Writes an unsigned integer in 1 to 10 bytes (LEB128), small ones short.
    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            written.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        written.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes a count or length, which is never negative, as a varint.
    public mutating func count(_ value: Int) { varint(UInt64(max(value, 0))) }

    /// Writes a signed integer as a varint, small magnitudes short (zigzag: 0, -1, 1, -2 become 0, 1, 2, 3).
    public mutating func signedVarint(_ value: Int64) {
        varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Writes the four bytes of an IEEE 754 single.
    public mutating func float(_ value: Float) { integer(value.bitPattern) }

    /// Writes the eight bytes of an IEEE 754 double.
    public mutating func double(_ value: Double) { integer(value.bitPattern) }

    /// Writes a string's UTF-8 bytes after their number.
    public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            count(utf8.count)
            written.append(contentsOf: UnsafeRawBufferPointer(utf8))
        }
    }

    /// Writes bytes after their number.
    public mutating func blob(_ value: [UInt8]) {
        count(value.count)
        raw(value)
    }

    /// Writes bytes as they are, with no length.
    public mutating func raw(_ value: [UInt8]) { value.withUnsafeBytes { written.append(contentsOf: $0) } }

    /// Writes the elements' bits in bulk, with no length.
    public mutating func halves(_ values: [Float16]) {
        values.withUnsafeBytes { written.append(contentsOf: $0) }
    }

    /// Writes the elements' bits in bulk, with no length.
    public mutating func floats(_ values: [Float]) {
        values.withUnsafeBytes { written.append(contentsOf: $0) }
    }

    /// Writes the elements' bits in bulk, with no length.
    public mutating func floats(_ values: UnsafeBufferPointer<Float>) {
        written.append(contentsOf: UnsafeRawBufferPointer(values))
    }
}
