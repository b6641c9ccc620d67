import JSON
import Testing

@Suite struct JSONParserTests {
    @Test func everyKindReadsBack() throws {
        let text = #"{"s":"a\"\u00e9\ud83e\udd56","i":-9223372036854775808,"u":18446744073709551615,"d":1.5e2,"t":true,"f":false,"n":null,"a":[1,[2],{}],"o":{"x":0},"x":1}"#
        try JSONParser().parse(text) { root in
            let object = try #require(root.object)
            #expect(object["s"]?.string == "a\"é🥖")
            #expect(object["i"]?.int64 == .min && object["i"]?.double == -9.223372036854775808e18)
            #expect(object["u"]?.int64 == nil && object["u"]?.double == 1.8446744073709551615e19)
            #expect(object["d"]?.double == 150 && object["d"]?.int64 == 150)
            #expect(object["t"]?.bool == true && object["f"]?.bool == false && object["n"]?.isNull == true)
            #expect(object["n"]?.bool == nil && object["s"]?.double == nil && object["t"]?.string == nil)
            #expect(object["a"]?.array?.map(\.kind) == [.number, .array, .object])
            #expect(object["a"]?.array?.underestimatedCount == 3)
            #expect(object["o"]?.object?["x"]?.int64 == 0)
            #expect(object["x"]?.int64 == 1 && object["y"] == nil)
            #expect(object["a"]?.object == nil && object["o"]?.array == nil)
        }
    }

    @Test func repeatedNamesAreSeen() throws {
        let names = try JSONParser().parse(#"{"a":1,"b":[{"a":2}],"a":3}"#) { root in
            root.object?.map { String(decoding: $0.name, as: UTF8.self) }
        }
        #expect(names == ["a", "b", "a"])
    }

    @Test(arguments: [
        ("", JSONError.Code.empty), (" \n", .empty), ("{", .invalid), ("{\"a\":1,}", .invalid), ("[1] 2", .invalid), ("NaN", .invalid),
        ("nan", .invalid), ("{\"a\":Infinity}", .invalid), ("01", .invalid), ("1e999", .invalid), ("99999999999999999999", .invalid),
        ("\"a\nb\"", .invalid), ("\"\\x\"", .invalid), ("'a'", .invalid), ("{a:1}", .invalid), ("\u{feff}1", .invalid),
    ])
    func refusals(text: String, code: JSONError.Code) {
        let error = #expect(throws: JSONError.self) { try JSONParser().parse(text) { _ in } }
        #expect(error?.code == code)
    }

    @Test(arguments: [[0x22, 0xff, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0x22, 0xc0, 0xaf, 0x22]] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONParser().parse(bytes) { _ in } }
        #expect(error?.code == .invalidUTF8)
    }

    /// simdjson lets some lone surrogates through as bytes that are no UTF-8; `string` must not.
    @Test(arguments: [#""\udc00""#, #""\ud800""#, #""\ud800\u0041""#])
    func loneSurrogatesAreNoText(text: String) throws {
        let string = try? JSONParser().parse(text) { $0.string }
        #expect((string ?? nil) == nil)
    }

    @Test func depthIsBoundedExactly() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + "0" + String(repeating: "]", count: depth) }
        let parser = JSONParser(maximumDepth: 64)
        try parser.parse(nested(64)) { #expect($0.kind == .array) }
        for depth in [65, 100_000] {
            let error = #expect(throws: JSONError.self) { try parser.parse(nested(depth)) { _ in } }
            #expect(error?.code == .tooDeep)
        }
        // It goes on working after a refusal.
        try parser.parse("1") { #expect($0.int64 == 1) }
    }

    @Test func lengthIsBoundedExactly() throws {
        let parser = JSONParser(maximumLength: 8)
        try parser.parse("[1,2,34]") { #expect($0.array?.compactMap(\.int64) == [1, 2, 34]) }
        let error = #expect(throws: JSONError.self) { try parser.parse("[1,2,345]") { _ in } }
        #expect(error?.code == .tooLarge)
    }

    @Test func bufferGrowsWithTheTexts() throws {
        let parser = JSONParser()
        for count in [1, 10, 100_000, 3] {
            let text = "[" + Array(repeating: "12", count: count).joined(separator: ",") + "]"
            #expect(try parser.parse(text) { $0.array?.reduce(0) { $0 + ($1.int64 ?? 0) } } == Int64(12 * count))
        }
    }

    @Test func useInsideItsOwnParseIsAnError() throws {
        let parser = JSONParser()
        let error = try parser.parse("1") { _ in
            #expect(throws: JSONError.self) { try parser.parse("2") { _ in } }
        }
        #expect(error?.code == .inUse)
    }
}
