import Bytes
import Commerce
import Testing

@Suite struct DeadLetterTests {
    static let letter = DeadLetter(
        source: RecommendationList.Source(topic: "events", partition: 3, offset: 1_813), timestamp: EventTime(milliseconds: 1_793_534_400_200),
        fault: RecordFault(.keyMismatch, "the key \"u42\" is not the user's identifier \"ü\""), key: [0, 0xff], value: [0x7b, 0, 0xfe],
        headers: [
            DeadLetter.Header(name: "trace", value: [1, 2]), DeadLetter.Header(name: "trace", value: nil),
            DeadLetter.Header(name: "", value: []),
        ])

    @Test func bytesAndHeadersAreKeptAndReadBack() throws {
        let record = Self.letter.record
        #expect(record.key == [0, 0xff] && record.value == [0x7b, 0, 0xfe])
        #expect(Array(record.headers.prefix(3)) == Self.letter.headers)
        #expect(
            record.headers.dropFirst(3).map { "\($0.name)=\(String(decoding: $0.value ?? [], as: UTF8.self))" } == [
                "breadcrumb.topic=events", "breadcrumb.partition=3", "breadcrumb.offset=1813", "breadcrumb.timestamp=1793534400200",
                "breadcrumb.reason=key_mismatch", "breadcrumb.detail=the key \"u42\" is not the user's identifier \"ü\"",
            ])
        #expect(try DeadLetter(record) == Self.letter)
    }

    @Test func absentKeyAndValueStayAbsent() throws {
        var letter = Self.letter
        letter.key = nil
        letter.value = nil
        #expect(letter.record.key == nil && letter.record.value == nil)
        #expect(try DeadLetter(letter.record) == letter)
        letter.value = []
        #expect(try DeadLetter(letter.record).value == [])
    }

    @Test func aLetterSentBackAndRefusedAgainKeepsItsPast() throws {
        var again = Self.letter
        again.headers = Self.letter.record.headers
        again.source.offset = 99
        let read = try DeadLetter(again.record)
        #expect(read == again && read.source.offset == 99)
        #expect(try DeadLetter(DeadLetter.Record(key: read.key, value: read.value, headers: read.headers)) == Self.letter)
    }

    @Test func whatDoesNotFitIsCutAndSigned() throws {
        var letter = Self.letter
        letter.value = Array("abc".utf8)
        #expect(try letter.truncated(to: 3) == letter)
        let cut = try letter.truncated(to: 2)
        #expect(cut.value == Array("ab".utf8))
        #expect(
            cut.truncation
                == DeadLetter.Truncation(length: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        #expect(try DeadLetter(cut.record) == cut)
        #expect(try cut.truncated(to: 1) == cut)  // a cut letter's hash is of the original
    }

    @Test func whatIsNoLetterIsRefusedByHeader() {
        func fault(_ change: (inout [DeadLetter.Header]) -> Void) -> RecordFault? {
            var record = Self.letter.record
            change(&record.headers)
            return #expect(throws: RecordFault.self) { try DeadLetter(record) }
        }
        #expect(fault { $0 = [] }?.detail.contains("breadcrumb.topic") == true)
        #expect(fault { $0.removeLast() }?.detail.contains("breadcrumb.detail") == true)
        #expect(fault { $0[4].value = Array("three".utf8) }?.detail.contains("\"three\"") == true)
        #expect(fault { $0[5].value = nil }?.detail.contains("breadcrumb.offset") == true)
        #expect(fault { $0[7].value = Array("boredom".utf8) }?.reason == .unknownType)
    }
}
