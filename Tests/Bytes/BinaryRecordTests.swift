import Bytes
import Testing

@Suite struct BinaryRecordTests {
    @Test func everythingReadsBack() throws {
        var writer = ByteWriter()
        writer.integer(UInt8(7))
        writer.integer(Int32(-5))
        writer.integer(UInt64.max)
        for value in [0, 1, 127, 128, 300, UInt64.max] { writer.varint(value) }
        for value in [0, -1, 1, Int64.min, Int64.max] { writer.signedVarint(value) }
        writer.float(-0.0)
        writer.double(.pi)
        writer.string("né\u{0}🥖")
        writer.blob([1, 2, 3])
        writer.floats([1.5, -.infinity, .leastNonzeroMagnitude])
        writer.halves([1.5, -.infinity, .leastNonzeroMagnitude])
        writer.integers([0, 1, UInt64.max])

        var reader = ByteReader(writer.bytes)
        #expect(try reader.integer(as: UInt8.self) == 7)
        #expect(try reader.integer(as: Int32.self) == -5)
        #expect(try reader.integer(as: UInt64.self) == UInt64.max)
        for value in [0, 1, 127, 128, 300, UInt64.max] { #expect(try reader.varint() == value) }
        for value in [0, -1, 1, Int64.min, Int64.max] { #expect(try reader.signedVarint() == value) }
        #expect(try reader.float().bitPattern == Float(-0.0).bitPattern)
        #expect(try reader.double() == .pi)
        #expect(try reader.string() == "né\u{0}🥖")
        #expect(try reader.blob() == [1, 2, 3])
        #expect(try reader.floats(2) == [1.5, -.infinity])
        var last: [Float] = [0]
        try last.withUnsafeMutableBufferPointer { try reader.floats(into: $0) }
        #expect(last == [.leastNonzeroMagnitude])
        #expect(try reader.halves(3) == [1.5, -.infinity, .leastNonzeroMagnitude])
        #expect(try reader.integers(3) == [0, 1, UInt64.max])
        try reader.end()
    }

    @Test func bytesAreLittleEndianAndVarintsAreLEB128() {
        var writer = ByteWriter()
        writer.integer(UInt32(0x0102_0304))
        writer.varint(624_485)  // the example of the DWARF specification
        writer.float(1)
        writer.integers([0x0102_0304_0506_0708])
        #expect(writer.bytes == [4, 3, 2, 1, 0xe5, 0x8e, 0x26, 0, 0, 0x80, 0x3f, 8, 7, 6, 5, 4, 3, 2, 1])
    }

    /// Every cut of a sound record is an error with its place, never a trap or a wrong value.
    @Test func cutRecordsAreErrors() throws {
        var writer = ByteWriter()
        writer.integer(Int64(1))
        writer.string("abc")
        writer.count(2)
        writer.floats([1, 2])
        for length in 0..<writer.bytes.count {
            #expect(throws: ByteReaderError.self) {
                var reader = ByteReader(Array(writer.bytes.prefix(length)))
                _ = try reader.integer(as: Int64.self)
                _ = try reader.string()
                _ = try reader.floats(try reader.count(ofSize: 4))
            }
        }
    }

    @Test(
        arguments: [
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],  // 65 bits
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],  // 71 bits
            [0x81, 0x00],  // 1, with a byte too many: two forms of one value
        ] as [[UInt8]])
    func badVarintsAreErrors(bytes: [UInt8]) {
        #expect(throws: ByteReaderError.self) {
            var reader = ByteReader(bytes)
            _ = try reader.varint()
        }
    }

    @Test func hugeCountsAndInvalidTextAreErrors() {
        var writer = ByteWriter()
        writer.varint(UInt64.max)
        #expect(throws: ByteReaderError.self) {
            var reader = ByteReader(writer.bytes)
            _ = try reader.string()
        }
        #expect(throws: ByteReaderError.self) {
            var reader = ByteReader([])
            _ = try reader.floats(.max)
        }
        #expect(throws: ByteReaderError.self) {
            var reader = ByteReader([1, 2])
            _ = try reader.halves(2)
        }
        #expect(throws: ByteReaderError.self) {
            var reader = ByteReader([])
            _ = try reader.floats(-1)
        }
        #expect(throws: ByteReaderError(offset: 1, problem: "a string that is not UTF-8")) {
            var reader = ByteReader([2, 0xc3, 0x28])
            _ = try reader.string()
        }
        #expect(throws: ByteReaderError(offset: 0, problem: "1 bytes after the record's end")) {
            try ByteReader([0]).end()
        }
    }
}
