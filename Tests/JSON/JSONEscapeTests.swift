import Foundation
import JSON
import Testing

/// Strings against a writer that looks at one byte after the other, and against Foundation, which reads them back.
@Suite struct JSONEscapeTests {
    /// The string's form by the letter of RFC 8259, section 7, with the short forms of what texts hold most.
    private func reference(_ text: String) -> [UInt8] {
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x22: Array(#"\""#.utf8)
            case 0x5c: Array(#"\\"#.utf8)
            case 0x0a: Array(#"\n"#.utf8)
            case 0x0d: Array(#"\r"#.utf8)
            case 0x09: Array(#"\t"#.utf8)
            case ..<0x20: Array(String(format: "\\u%04x", Int(byte)).utf8)
            default: [byte]
            }
        }
        return [0x22] + bytes + [0x22]
    }

    private func written(_ text: String) -> [UInt8] {
        var writer = JSONWriter(reserving: 0)
        writer.string(text)
        return writer.bytes
    }

    private func readByFoundation(_ json: [UInt8]) throws -> String? {
        try JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) as? String
    }

    /// Scalars of one and of two bytes: among them every byte that ends the ranges of what is escaped.
    @Test func eachScalarAtEachPlaceOfTwoWords() throws {
        for code in UInt32(0)...0xff {
            let scalar = try #require(Unicode.Scalar(code))
            for place in 0..<20 {
                for rest in [0, 1, 7, 8, 9] {
                    var text = String(repeating: "x", count: place)
                    text.unicodeScalars.append(scalar)
                    text += String(repeating: "~", count: rest)
                    let json = written(text)
                    #expect(json == reference(text), "U+\(String(code, radix: 16)) at \(place), \(rest) behind it")
                }
            }
        }
    }

    @Test func allScalarsTogetherReadBackByFoundation() throws {
        let scalars = (0..<0x250).compactMap { Unicode.Scalar($0) } + ["\u{2028}", "\u{ffff}", "\u{10ffff}"]
        for start in 0..<9 {
            let text = String(String.UnicodeScalarView(scalars.dropFirst(start)))
            let json = written(text)
            #expect(json == reference(text))
            #expect(try readByFoundation(json).map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    /// Bytes above 0x7f, whose highest bit is that by which a word tells, do not pass for others.
    @Test func longBytesAreNotEscaped() {
        for text in ["é", "ééééééé", "\u{80}\u{a0}\u{a2}\u{dc}", "🥖🥖🥖", "Ā\u{122}\u{15c}"] {
            for place in 0..<9 {
                let text = String(repeating: "a", count: place) + text
                #expect(written(text) == Array("\"\(text)\"".utf8))
            }
        }
    }

    @Test func namesAreEscapedAsStringsAre() {
        var writer = JSONWriter()
        writer.object { json in
            json.name("a\"\u{1}b")
            json.null()
            json.name(fixed: "c_1")
            json.bool(false)
        }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"a\"\u0001b":null,"c_1":false}"#)
    }
}
