/// Why a binary record could not be read.
public struct ByteReaderError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where in the record, in bytes from its start.
    public var offset: Int
    /// What was wrong there.
    public var problem: String

    public init(offset: Int, problem: String) {
        self.offset = offset
        self.problem = problem
    }

    public var description: String { "byte \(offset): \(problem)" }
}

/// Reads what `ByteWriter` wrote. Every read is checked against the bytes that remain; nothing traps on any input.
public struct ByteReader: Sendable {
    private let bytes: [UInt8]
    /// The offset of the next byte to read.
    public private(set) var position = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The number of bytes not read yet.
    public var remaining: Int { bytes.count - position }

    /// Reads a fixed-width integer, least significant byte first.
    public mutating func integer<Value: FixedWidthInteger>(as type: Value.Type = Value.self) throws(ByteReaderError)
        -> Value
    {
        let size = MemoryLayout<Value>.size
        let start = try advance(size)
        return Value(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: Value.self) })
    }

    /// Reads a LEB128 integer; one that does not fit 64 bits, or that ends in needless zero bytes, is refused.
    public mutating func varint() throws(ByteReaderError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = bytes[try advance(1)]
            let bits = UInt64(byte & 0x7f)
            guard shift < 63 || bits <= 1 else { throw fault(at: start, "an integer of more than 64 bits") }
            value |= bits << shift
            if byte & 0x80 == 0 {
                guard byte != 0 || shift == 0 else { throw fault(at: start, "an integer with needless bytes") }
                return value
            }
            shift += 7
            guard shift <= 63 else { throw fault(at: start, "an integer of more than 64 bits") }
        }
    }

    /// Reads a count of things that take at least `size` bytes each, and refuses one that the rest cannot hold, so that a
    /// broken record cannot ask for unbounded memory.
    public mutating func count(ofSize size: Int = 1) throws(ByteReaderError) -> Int {
        let start = position
        let value = try varint()
        guard value <= UInt64(remaining / max(size, 1)) else {
            throw fault(at: start, "a count of \(value), which the \(remaining) bytes that follow cannot hold")
        }
        return Int(value)
    }

    /// Reads a zigzag varint.
    public mutating func signedVarint() throws(ByteReaderError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Reads an IEEE 754 single, whatever its bits say.
    public mutating func float() throws(ByteReaderError) -> Float { Float(bitPattern: try integer()) }

    /// Reads an IEEE 754 double, whatever its bits say.
    public mutating func double() throws(ByteReaderError) -> Double { Double(bitPattern: try integer()) }

    /// Reads a length and that many bytes of valid UTF-8.
    public mutating func string() throws(ByteReaderError) -> String {
        let length = try count()
        let start = try advance(length)
        guard let text = String(validating: bytes[start..<start + length], as: UTF8.self) else {
            throw fault(at: start, "a string that is not UTF-8")
        }
        return text
    }

    /// Reads a length and that many bytes.
    public mutating func blob() throws(ByteReaderError) -> [UInt8] { try raw(try count()) }

    /// Reads `length` bytes.
    public mutating func raw(_ length: Int) throws(ByteReaderError) -> [UInt8] {
        let start = try advance(length)
        return Array(bytes[start..<start + length])
    }

    /// Reads `number` integers in bulk, each least significant byte first.
    public mutating func integers(_ number: Int) throws(ByteReaderError) -> [UInt64] { try elements(number) }

    /// Reads `number` singles in bulk.
    public mutating func floats(_ number: Int) throws(ByteReaderError) -> [Float] { try elements(number) }

    /// Reads `number` IEEE 754 halves in bulk.
    public mutating func halves(_ number: Int) throws(ByteReaderError) -> [Float16] { try elements(number) }

    private mutating func elements<Element: BitwiseCopyable>(_ number: Int) throws(ByteReaderError) -> [Element] {
        let size = number.multipliedReportingOverflow(by: MemoryLayout<Element>.size)
        let start = try advance(size.overflow ? -1 : size.partialValue)
        return [Element](unsafeUninitializedCapacity: number) { values, count in
            bytes.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(values).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[start..<start + size.partialValue]))
            }
            count = number
        }
    }

    /// Reads `destination.count` singles in bulk into memory that is there already.
    public mutating func floats(into destination: UnsafeMutableBufferPointer<Float>) throws(ByteReaderError) {
        let length = 4 * destination.count
        let start = try advance(length)
        bytes.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(destination).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[start..<start + length]))
        }
    }

    /// Checks that nothing follows.
    public func end() throws(ByteReaderError) {
        guard remaining == 0 else { throw fault(at: position, "\(remaining) bytes after the record's end") }
    }

    /// Moves past `length` bytes and returns where they start.
    private mutating func advance(_ length: Int) throws(ByteReaderError) -> Int {
        guard length >= 0, length <= remaining else {
            throw fault(at: position, "the record ends: \(length) bytes wanted, \(remaining) left")
        }
        defer { position += length }
        return position
    }

    private func fault(at offset: Int, _ problem: String) -> ByteReaderError {
        ByteReaderError(offset: offset, problem: problem)
    }
}
