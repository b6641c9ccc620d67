import LinearAlgebra
import Testing

struct AlignedBufferTests {
    @Test func isAlignedAndZero() {
        for count in [0, 1, 17, 4096] {
            let buffer = AlignedBuffer(count: count)
            #expect(UInt(bitPattern: buffer.values.baseAddress) % 64 == 0)
            #expect(buffer.count == count && buffer.values.allSatisfy { $0 == 0 })
        }
    }

    @Test func copiesItsElements() {
        let elements: [Float] = [1, 2, 3]
        var buffer = AlignedBuffer(elements.span)
        buffer.mutableValues[1] = 7
        #expect(Array(buffer.values) == [1, 7, 3] && elements == [1, 2, 3])
    }
}
