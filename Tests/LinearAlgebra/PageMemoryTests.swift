import LinearAlgebra
import Testing

@Suite struct PageMemoryTests {
    /// Sizes on both sides of what shares chunks, and of a chunk.
    private static let sizes = [1, 64, 4095, 4096, 5000, 16_448, 65_536, 262_144, 262_145, 1 << 21, 5 << 20]

    @Test func noTwoBuffersShareAByte() {
        var generator = Generator(state: 1)
        var held: [(memory: UnsafeMutableRawPointer, size: Int, mark: UInt8)] = []
        for round in 0..<3000 {
            if held.count < 40 || (Bool.random(using: &generator) && held.count < 300) {
                let size = Self.sizes[Int.random(in: 0..<(round % 50 == 0 ? Self.sizes.count : 8), using: &generator)]
                let memory = PageMemory.allocate(size)
                #expect(UInt(bitPattern: memory) % 64 == 0)
                let mark = UInt8(truncatingIfNeeded: round)
                for place in Self.places(size) { memory.storeBytes(of: mark, toByteOffset: place, as: UInt8.self) }
                held.append((memory, size, mark))
            } else {
                let gone = held.remove(at: Int.random(in: held.indices, using: &generator))
                for place in Self.places(gone.size) {
                    #expect(gone.memory.load(fromByteOffset: place, as: UInt8.self) == gone.mark)
                }
                PageMemory.deallocate(gone.memory, gone.size)
            }
        }
        for (memory, size, mark) in held {
            for place in Self.places(size) { #expect(memory.load(fromByteOffset: place, as: UInt8.self) == mark) }
            PageMemory.deallocate(memory, size)
        }
    }

    /// The first and the last byte, and some between.
    private static func places(_ size: Int) -> [Int] { [0, size / 3, size / 2, size - 1] }

    @Test func whatIsGivenBackIsUsedAgain() {
        // A size that no other test has, so that its chunks are this test's own.
        let size = 100 << 10
        let first = (0..<50).map { _ in PageMemory.allocate(size) }
        for memory in first { PageMemory.deallocate(memory, size) }
        var chunks: Set<UInt> = []
        for _ in 0..<1000 {
            let memory = PageMemory.allocate(size)
            chunks.insert(UInt(bitPattern: memory) >> 21)
            PageMemory.deallocate(memory, size)
        }
        #expect(chunks.count == 1)
    }
}
