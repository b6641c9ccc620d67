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

    @Test func numbersAreNames() {
        var writer = JSONWriter()
        writer.object { json in
            for number in [0, 7, -1, Int32.max, .min] {
                json.name(of: number)
                json.integer(number)
            }
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"0":0,"7":7,"-1":-1,"2147483647":2147483647,"-2147483648":-2147483648}"#)
    }

    /// Every character below 0x20 and every special one reads back through the parser.
    @Test func textsReadBack() throws {
        let text =
            String(String.UnicodeScalarView((0..<0x30).compactMap { Unicode.Scalar($0) })) + "\"\\/\u{7f}\u{2028}é🥖"
        var writer = JSONWriter()
        writer.string(text)
        #expect(try JSONParser().parse(writer.bytes) { $0.string } == text)
        #expect(String(decoding: writer.bytes, as: UTF8.self).hasPrefix(#""\u0000\u0001"#))
    }

    /// At the ends of every width, and where the number of digits changes.
    @Test func integersAreAsSwiftDescribesThem() {
        func check<Value: FixedWidthInteger>(_ type: Value.Type) {
            var values: [Value] = [.min, .min + 1, 0, 1, .max - 1, .max]
            var power: Value = 1
            while !power.multipliedReportingOverflow(by: 10).overflow {
                power *= 10
                values += [power - 1, power, power + 1]
                if Value.isSigned { values += [0 - power - 1, 0 - power, 0 - power + 1] }
            }
            for value in values {
                var writer = JSONWriter(reserving: 0)
                writer.integer(value)
                #expect(writer.bytes == Array(value.description.utf8))
            }
        }
        check(Int8.self)
        check(UInt8.self)
        check(Int32.self)
        check(Int64.self)
        check(UInt64.self)
        check(Int128.self)
    }

    /// The memory that a writer begins with is no limit, wherever it ends in the document.
    @Test func growthChangesNothing() throws {
        func document(reserving capacity: Int) throws -> [UInt8] {
            var writer = JSONWriter(reserving: capacity)
            try writer.array { json in
                for index in 0..<12 {
                    try json.object { json in
                        json.name(fixed: "index")
                        json.integer(index &* 1_234_567)
                        json.name("n\(index)")
                        try json.number(Float(index) / 3)
                        json.name(fixed: "text")
                        json.string(String(repeating: index % 3 == 0 ? "\"" : "é", count: index))
                        json.name(fixed: "is")
                        json.bool(index % 2 == 0)
                    }
                    json.null()
                }
            }
            return writer.bytes
        }
        let expected = try document(reserving: 1 << 16)
        #expect(try JSONParser().parse(expected) { $0.kind } == .array)
        for capacity in 0...expected.count { #expect(try document(reserving: capacity) == expected) }
    }

    @Test(arguments: [
        (0, "0"), (-0.0, "-0.0"), (1, "1"), (11.18, "11.18"), (0.1, "0.1"), (1e16, "1e+16"), (1e-7, "1e-07"),
        (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        (123_456_789, "123456789"),
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
