import JSON
import Testing

@Suite struct JSONWriterTests {
    @Test func fieldsComeInTheOrderOfTheCalls() {
        var writer = JSONWriter()
        writer.object { json in
            json.name("b")
            json.array { json in
                json.integer(1)
                json.object { _ in }
                json.array { _ in }
                json.null()
            }
            json.name("a")
            json.bool(true)
        }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"b":[1,{},[],null],"a":true}"#)
    }

    /// Every character below 0x20 and every special one reads back through the parser.
    @Test func textsReadBack() throws {
        let text = String(String.UnicodeScalarView((0..<0x30).compactMap { Unicode.Scalar($0) })) + "\"\\/\u{7f}\u{2028}é🥖"
        var writer = JSONWriter()
        writer.string(text)
        #expect(try JSONParser().parse(writer.bytes) { $0.string } == text)
        #expect(String(decoding: writer.bytes, as: UTF8.self).hasPrefix(#""\u0000\u0001"#))
    }

    @Test(arguments: [
        (0, "0"), (-0.0, "-0.0"), (1, "1"), (11.18, "11.18"), (0.1, "0.1"), (1e16, "1e+16"), (1e-7, "1e-07"),
        (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"), (123_456_789, "123456789"),
    ])
    func shortestDoubles(value: Double, text: String) throws {
        var writer = JSONWriter()
        try writer.number(value)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
        #expect(try JSONParser().parse(writer.bytes) { $0.double?.bitPattern } == value.bitPattern)
    }

    /// Singles read back as doubles and rounded give the same bits: a spread of 20,000 bit patterns.
    @Test func singlesReadBack() throws {
        let parser = JSONParser()
        var bits: UInt32 = 1
        for _ in 0..<20_000 {
            bits = bits &* 1_664_525 &+ 1_013_904_223
            let value = Float(bitPattern: bits)
            guard value.isFinite else { continue }
            var writer = JSONWriter()
            try writer.number(value)
            #expect(try parser.parse(writer.bytes) { $0.double.map { Float($0).bitPattern } } == bits)
        }
    }

    @Test func notFiniteIsAnError() {
        for value in [Float.nan, .infinity, -.infinity] {
            let error = #expect(throws: JSONError.self) {
                var writer = JSONWriter()
                try writer.number(value)
            }
            #expect(error?.code == .notFinite)
        }
        #expect(throws: JSONError.self) {
            var writer = JSONWriter()
            try writer.number(Double.nan)
        }
    }
}
