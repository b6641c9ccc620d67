/// Floats at a 64-byte boundary, so that no vector register's load crosses a cache line; freed with its owner.
///
/// Read through `values`, written through `mutableValues`; both give a `Span` by `.span` and `.mutableSpan`, which is
/// what `Kernels` takes.
public struct AlignedBuffer: ~Copyable, @unchecked Sendable {  // one owner, and writing takes exclusive access to it
    private let base: UnsafeMutableBufferPointer<Float>

    /// `count` zeros.
    public init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats")
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
        base = UnsafeMutableBufferPointer(rebasing: bytes.bindMemory(to: Float.self)[..<count])
        base.initialize(repeating: 0)
    }

    /// A copy of `elements`.
    public init(_ elements: Span<Float>) {
        self.init(count: elements.count)
        elements.withUnsafeBufferPointer { _ = base.update(fromContentsOf: $0) }
    }

    deinit { UnsafeMutableRawPointer(base.baseAddress)?.deallocate() }

    public var count: Int { base.count }

    /// The floats, valid while the buffer lives.
    public var values: UnsafeBufferPointer<Float> { UnsafeBufferPointer(base) }

    /// The floats for writing, valid while the buffer lives.
    public var mutableValues: UnsafeMutableBufferPointer<Float> { mutating get { base } }
}
