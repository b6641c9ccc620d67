import LinearAlgebra

/// Numbers in memory that grows, read and written without checks: what the inner loops of a search append to.
///
/// Copies share the memory: whoever wants to write to one of several calls `own` before.
struct Growing<Element: BitwiseCopyable> {
    private final class Memory {
        let base: UnsafeMutablePointer<Element>
        let capacity: Int

        init(capacity: Int) {
            base = PageMemory.allocate(capacity * MemoryLayout<Element>.stride)
                .bindMemory(to: Element.self, capacity: capacity)
            self.capacity = capacity
        }

        deinit { PageMemory.deallocate(base, capacity * MemoryLayout<Element>.stride) }
    }

    private var memory = Memory(capacity: 0)
    private(set) var base: UnsafeMutablePointer<Element>
    var count = 0

    init() { base = memory.base }

    /// Bytes of its memory, filled or not.
    var bytes: Int { memory.capacity * MemoryLayout<Element>.stride }

    var values: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: base, count: count) }

    /// Makes room for so many more.
    @inline(__always) mutating func reserve(_ more: Int) { if count + more > memory.capacity { grow(more) } }

    @inline(never) private mutating func grow(_ more: Int) {
        move(to: Memory(capacity: max(16, count + more, 2 * memory.capacity)))
    }

    /// Moves to memory of its own if it shares it.
    mutating func own() { if !isKnownUniquelyReferenced(&memory) { move(to: Memory(capacity: memory.capacity)) } }

    private mutating func move(to other: Memory) {
        other.base.initialize(from: base, count: count)
        memory = other
        base = other.base
    }

    @inline(__always) mutating func append(_ element: Element) {
        reserve(1)
        (base + count).initialize(to: element)
        count += 1
    }

    mutating func append(contentsOf elements: UnsafeBufferPointer<Element>) {
        guard let start = elements.baseAddress else { return }
        reserve(elements.count)
        (base + count).initialize(from: start, count: elements.count)
        count += elements.count
    }

    mutating func append(repeating element: Element, count more: Int) {
        reserve(more)
        (base + count).initialize(repeating: element, count: more)
        count += more
    }
}
