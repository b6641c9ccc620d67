import Bytes
import Testing

@Suite struct GrowingBytesTests {
    /// Whatever room there was at first, and wherever it ends: within a run of bytes, before one and after one.
    @Test(arguments: Array(0...70))
    func growthKeepsWhatWasWritten(capacity: Int) {
        var written = GrowingBytes(reserving: capacity)
        var expected: [UInt8] = []
        for length in 0..<40 {
            let run = (0..<length).map { UInt8(truncatingIfNeeded: 7 &* length &+ $0) }
            run.withUnsafeBytes { written.append(contentsOf: $0) }
            written.append(UInt8(length))
            written.append("né")
            expected += run + [UInt8(length)] + Array("né".utf8)
        }
        #expect(written.array == expected)
    }

    @Test func aRunLongerThanTwiceTheRoomFits() {
        var written = GrowingBytes(reserving: 3)
        written.append(1)
        let run = [UInt8](repeating: 9, count: 1_000)
        run.withUnsafeBytes { written.append(contentsOf: $0) }
        #expect(written.array == [1] + run)
    }

    @Test func nothingIsNoBytes() {
        var written = GrowingBytes(reserving: -1)
        written.append(contentsOf: UnsafeRawBufferPointer(start: nil, count: 0))
        written.append("")
        #expect(written.array.isEmpty)
    }
}
