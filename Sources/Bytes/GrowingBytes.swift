/// Bytes written one after another into memory that grows: what `ByteWriter` and the JSON writer put their output in.
///
/// An array would ask before every byte whether someone else holds its memory; this one has one owner, which the compiler
/// checks, and asks only whether there is room.
public struct GrowingBytes: ~Copyable {
    @usableFromInline var start: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    /// The number of bytes written; `capacity` is never less.
    @usableFromInline var count = 0

    /// No bytes yet, and room for `capacity` of them.
    public init(reserving capacity: Int) {
        self.capacity = max(0, capacity)
        start = .allocate(capacity: self.capacity)
    }

    deinit { start.deallocate() }

    /// A copy of what was written.
    public var array: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }

    /// Adds a byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        start[count] = byte
        count &+= 1
    }

    /// Adds a copy of bytes.
    @inlinable
    public mutating func append(contentsOf bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        if capacity &- count < bytes.count { grow(by: bytes.count) }
        UnsafeMutableRawPointer(start + count).copyMemory(from: source, byteCount: bytes.count)
        count &+= bytes.count
    }

    /// Adds a text's UTF-8 bytes.
    @inlinable
    public mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Makes room for at least `number` bytes more, and twice as much as there was.
    @inline(never)
    @usableFromInline
    mutating func grow(by number: Int) {
        let larger = max(2 * capacity, count + number, 64)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memory.update(from: start, count: count)
        start.deallocate()
        (start, capacity) = (memory, larger)
    }
}
