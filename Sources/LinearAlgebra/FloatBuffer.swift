/// Owned memory for `count` floats, zeroed, aligned to a cache line, at an address that never moves.
///
/// An array would do for the values, but kernels, BLAS and the hot loop want one address for the owner's whole life.
public final class FloatBuffer: @unchecked Sendable {
    // Unchecked: the memory is plain storage; whoever writes to it owns it alone (a trainer's shard, a loader before publication).
    public let count: Int
    public let pointer: UnsafeMutablePointer<Float>

    /// Zeroed memory for `count` floats; a negative count is taken as none.
    public init(count: Int) {
        self.count = max(0, count)
        pointer = PageMemory.allocate(4 * self.count).bindMemory(to: Float.self, capacity: max(16, self.count))
        pointer.initialize(repeating: 0, count: self.count)
    }

    deinit { PageMemory.deallocate(pointer, 4 * count) }

    /// All values, readable.
    public var values: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: pointer, count: count) }

    /// The first `length` values, writable: what a kernel takes the span of.
    public func first(_ length: Int) -> UnsafeMutableBufferPointer<Float> {
        precondition(length >= 0 && length <= count, "\(length) of \(count) floats")
        return UnsafeMutableBufferPointer(start: pointer, count: length)
    }

    /// Memory of its own with the same values.
    public func copy() -> FloatBuffer { copy(count: count) }

    /// Memory of its own for `count` values: the same ones, as far as they go, and zeros beyond them.
    public func copy(count: Int) -> FloatBuffer {
        let other = FloatBuffer(count: count)
        other.pointer.update(from: pointer, count: min(count, self.count))
        return other
    }

    /// Sets every value to zero.
    public func clear() { pointer.update(repeating: 0, count: count) }
}
