import Commerce
import Testing

@Suite struct EventDecoderTests {
    static let timestamp = EventTime(milliseconds: 1_793_534_400_500)
    static func decoder() -> EventDecoder {
        EventDecoder(limits: EventDecoder.Limits(payload: 32_768, futureSkew: 60_000))
    }

    static func decode(_ value: String, key: String? = "u42") -> DecodedEvent {
        decoder().decode(key: key.map { Array($0.utf8) }, value: Array(value.utf8), timestamp: timestamp)
    }

    /// A valid event with some fields replaced or added; `nil` takes one out.
    static func event(_ changes: [String: String?] = [:]) -> String {
        var fields: [String: String] = [
            "type": "\"cart\"", "user_id": "\"u42\"", "item_id": "\"i1\"", "timestamp": "1793534400123",
        ]
        for (name, value) in changes { fields[name] = value }
        return "{" + fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    @Test func everyFieldIsRead() {
        let text = #"""
            {"event_id":"e91","type":"cart","user_id":"u42","anonymous_id":"a7","item_id":"i1117","timestamp":"2026-11-01T12:00:00.123Z",
             "session_id":"s9","quantity":1,"price":11.18,"currency":"EUR","attributes":{"country":"NL","age":null,"":null},"unknown":{"item_id":[1,2]}}
            """#
        #expect(
            Self.decode(text)
                == .event(
                    Event(
                        eventID: "e91", action: .cart, shopper: .known("u42"), anonymousID: "a7", item: ItemID("i1117"),
                        time: EventTime(milliseconds: 1_793_534_400_123), sessionID: "s9", quantity: 1, price: 11.18,
                        currency: "EUR", attributes: ["country": "NL"])))
    }

    @Test func attributesAtTheirLimitsAreTaken() throws {
        let names = (0..<16).map { String(repeating: "n", count: 46 + $0) + "€" }
        let value = String(repeating: "v", count: 256)
        let object = names.map { "\"\($0)\":\"\(value)\"" }.joined(separator: ",")
        guard case .event(let event) = Self.decode(Self.event(["attributes": "{\(object)}"])) else {
            Issue.record("refused")
            return
        }
        #expect(names.last?.utf8.count == 64 && Set(event.attributes.keys) == Set(names))
        #expect(event.attributes.values.allSatisfy { $0 == value })
    }

    @Test(arguments: Action.allCases)
    func theFewestFieldsSuffice(action: Action) {
        let text = Self.event([
            "type": "\"\(action.name)\"", "user_id": nil, "anonymous_id": "\"u42\"", "price": "null",
            "event_id": "null",
        ])
        #expect(
            Self.decode(text)
                == .event(
                    Event(
                        action: action, shopper: .anonymous("u42"), item: ItemID("i1"),
                        time: EventTime(milliseconds: 1_793_534_400_123))))
    }

    /// A case of bad input: what comes in, the reason, and what the sentence must name.
    struct Bad: CustomTestStringConvertible, Sendable {
        var name: String
        var value: [UInt8]?
        var key: [UInt8]? = Array("u42".utf8)
        var reason: RecordFault.Reason
        var names: String = ""

        init(_ name: String, _ value: String?, key: String? = "u42", _ reason: RecordFault.Reason, _ names: String = "")
        {
            self.name = name
            self.value = value.map { Array($0.utf8) }
            self.key = key.map { Array($0.utf8) }
            self.reason = reason
            self.names = names
        }

        init(_ name: String, bytes: [UInt8], _ reason: RecordFault.Reason) {
            self.name = name
            self.value = bytes
            self.reason = reason
        }

        var testDescription: String { name }
    }

    static let bad: [Bad] = [
        Bad("tombstone", nil, .noPayload),
        Bad("empty payload", "", .emptyPayload),
        Bad("white space", " \n", .emptyPayload),
        Bad(
            "payload over the limit", event(["pad": "\"" + String(repeating: "x", count: 32_768) + "\""]),
            .payloadTooLarge, "32768"),
        Bad(
            "invalid UTF-8", bytes: Array(event().utf8.dropLast()) + Array(",\"x\":\"".utf8) + [0xff, 0x22, 0x7d],
            .invalidUTF8),
        Bad("half a surrogate pair as item", event(["item_id": "\"\\udc00\""]), .invalidJSON),
        Bad("truncated JSON", String(event().dropLast()), .invalidJSON),
        Bad(
            "nested bomb of arrays", String(repeating: "[", count: 16_000) + String(repeating: "]", count: 16_000),
            .nestedTooDeep, "64"),
        Bad("nested bomb without its ends", String(repeating: "[", count: 30_000), .invalidJSON),
        Bad(
            "nested bomb in an unknown field",
            event(["x": String(repeating: "[", count: 80) + "1" + String(repeating: "]", count: 80)]), .nestedTooDeep),
        Bad(
            "nested bomb of objects",
            String(repeating: "{\"a\":", count: 5_000) + "1" + String(repeating: "}", count: 5_000), .nestedTooDeep),
        Bad("array", "[1]", .wrongType, "array"),
        Bad("string", "\"event\"", .wrongType),
        Bad(
            "duplicate key",
            #"{"type":"cart","user_id":"u42","item_id":"i1","item_id":"i2","timestamp":1793534400123}"#,
            .duplicateField, "item_id"),
        Bad(
            "duplicate key, the second null",
            #"{"type":"cart","user_id":"u42","user_id":null,"item_id":"i2","timestamp":1}"#, .duplicateField, "user_id"),
        Bad(
            "duplicate key, one escaped",
            #"{"type":"cart","user_id":"u42","item_id":"i1","item\u005fid":"i2","timestamp":1}"#, .duplicateField,
            "item_id"),
        Bad("attributes as text", event(["attributes": "\"nl\""]), .wrongType, "attributes"),
        Bad("an attribute's number", event(["attributes": "{\"age\":30}"]), .wrongType, "age"),
        Bad("an attribute without a name", event(["attributes": "{\"\":\"x\"}"]), .emptyIdentifier, "attributes"),
        Bad(
            "an attribute's long name",
            event(["attributes": "{\"\(String(repeating: "n", count: 65))\":\"x\"}"]), .identifierTooLong, "65 bytes"),
        Bad(
            "an attribute's long value", event(["attributes": "{\"a\":\"\(String(repeating: "v", count: 257))\"}"]),
            .invalidLength, "257 bytes"),
        Bad(
            "an attribute twice", event(["attributes": "{\"a\":\"1\",\"a\":\"2\"}"]), .duplicateField, "\"a\""),
        Bad(
            "17 attributes",
            event(["attributes": "{" + (0..<17).map { "\"a\($0)\":\"x\"" }.joined(separator: ",") + "}"]),
            .invalidLength, "16"),
        Bad("NaN as price", event(["price": "NaN"]), .invalidJSON),
        Bad("\"NaN\" as price", event(["price": "\"NaN\""]), .wrongType, "price"),
        Bad("Infinity as price", event(["price": "Infinity"]), .invalidJSON),
        Bad("price beyond a double", event(["price": "1e400"]), .invalidJSON),
        Bad("negative price", event(["price": "-0.01"]), .invalidNumber, "price"),
        Bad("quantity 0", event(["quantity": "0"]), .invalidNumber, "quantity"),
        Bad("quantity negative", event(["quantity": "-1"]), .invalidNumber, "quantity"),
        Bad("quantity as text", event(["quantity": "\"1\""]), .wrongType, "quantity"),
        Bad("number as user", event(["user_id": "42"]), key: "42", .wrongType, "user_id"),
        Bad("number as item", event(["item_id": "7"]), .wrongType, "the number 7"),
        Bad(
            "item of 10 kB", event(["item_id": "\"" + String(repeating: "i", count: 10_240) + "\""]),
            .identifierTooLong, "10240 bytes"),
        Bad(
            "user of 129 bytes", event(["user_id": "\"" + String(repeating: "é", count: 64) + "u\""]),
            .identifierTooLong, "129 bytes"),
        Bad("empty user", event(["user_id": "\"\""]), .emptyIdentifier, "user_id"),
        Bad("empty item", event(["item_id": "\"\""]), .emptyIdentifier, "item_id"),
        Bad("no type", event(["type": nil]), .missingField, "type"),
        Bad("null type", event(["type": "null"]), .missingField, "type"),
        Bad("unknown type", event(["type": "\"return\""]), .unknownType, "\"return\""),
        Bad("type in capitals", event(["type": "\"CART\""]), .unknownType),
        Bad("no user", event(["user_id": nil]), .missingField, "user_id"),
        Bad("no item", event(["item_id": nil]), .missingField, "item_id"),
        Bad("no time", event(["timestamp": nil]), .missingField, "timestamp"),
        Bad("time as object", event(["timestamp": "{}"]), .wrongType, "timestamp"),
        Bad("time as other text", event(["timestamp": "\"yesterday\""]), .invalidTime, "\"yesterday\""),
        Bad("time with a fraction of a millisecond", event(["timestamp": "1793534400123.5"]), .invalidTime),
        Bad("leap second", event(["timestamp": "\"2016-12-31T23:59:60Z\""]), .invalidTime),
        Bad("year 1", event(["timestamp": "\"0001-01-01T00:00:00Z\""]), .timeOutOfRange, "0001"),
        Bad("year 9999", event(["timestamp": "\"9999-12-31T23:59:59.999Z\""]), .futureTime, "9999"),
        Bad("least integer as time", event(["timestamp": "-9223372036854775808"]), .timeOutOfRange),
        Bad("largest integer as time", event(["timestamp": "9223372036854775807"]), .futureTime),
        Bad("larger still", event(["timestamp": "18446744073709551615"]), .invalidTime),
        Bad("seconds for milliseconds", event(["timestamp": "1793534400"]), .timeOutOfRange, "seconds"),
        Bad("one millisecond beyond the skew", event(["timestamp": "1793534460501"]), .futureTime),
        Bad("key of another user", event(), key: "u43", .keyMismatch, "\"u43\""),
        Bad("key of the anonymous id beside a user", event(["anonymous_id": "\"a7\""]), key: "a7", .keyMismatch),
        Bad("no key", event(), key: nil, .missingKey, "u42"),
        Bad("empty key", event(), key: "", .missingKey),
    ]

    @Test(arguments: bad)
    func refusals(bad: Bad) {
        let outcome = Self.decoder().decode(key: bad.key, value: bad.value, timestamp: Self.timestamp)
        guard case .refused(let fault) = outcome else {
            Issue.record("taken: \(outcome)")
            return
        }
        #expect(fault.reason == bad.reason, "\(fault)")
        #expect(bad.names.isEmpty || fault.detail.contains(bad.names), "\(fault)")
        #expect(fault.detail.utf8.count < 500, "\(fault)")
    }

    @Test func identifiersOf128BytesAndTheSkewItselfAreTaken() {
        let id = String(repeating: "é", count: 64)
        guard
            case .event(let event) = Self.decode(
                Self.event(["user_id": "\"\(id)\"", "timestamp": "1793534460500"]), key: id)
        else {
            Issue.record("refused")
            return
        }
        #expect(event.shopper == .known(id))
    }

    @Test func equalTextInOtherBytesIsAnotherUser() {
        // U+00E9 and e + U+0301 are canonically equivalent: one text to Swift, two keys to Kafka.
        guard case .refused(let fault) = Self.decode(Self.event(["user_id": "\"\u{e9}\""]), key: "e\u{301}") else {
            Issue.record("taken")
            return
        }
        #expect(fault.reason == .keyMismatch)
        #expect(Shopper.known("\u{e9}") != Shopper.known("e\u{301}"))
        #expect(ItemID("\u{e9}") != ItemID("e\u{301}") && ItemID("\u{212b}") != ItemID("A\u{30a}"))
        #expect(ItemID("\u{e9}") == ItemID("\u{e9}") && Shopper.known("7") != Shopper.anonymous("7"))
    }

    @Test func aRecordWithoutATimestampIsRefused() {
        let outcome = Self.decoder().decode(
            key: Array("u42".utf8), value: Array(Self.event().utf8), timestamp: EventTime(milliseconds: -1))
        guard case .refused(let fault) = outcome else {
            Issue.record("taken")
            return
        }
        #expect(fault.reason == .missingRecordTime)
    }

    @Test func sentencesAreFitForALogLine() {
        let nasty = #""a\u0000\u001b[31m\u202e\#(String(repeating: "z", count: 100))""#
        guard case .refused(let fault) = Self.decode(Self.event(["type": nasty])) else {
            Issue.record("taken")
            return
        }
        #expect(fault.detail.contains(#"a\u{0}\u{1b}[31m\u{202e}zz"#))
        #expect(fault.detail.contains("…\"") && !fault.detail.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test func oneDecoderServesManyRecords() {
        let decoder = Self.decoder()
        for index in 0..<100 {
            let value = index % 3 == 0 ? "{" : Self.event(["event_id": "\"e\(index)\""])
            let outcome = decoder.decode(key: Array("u42".utf8), value: Array(value.utf8), timestamp: Self.timestamp)
            if case .event(let event) = outcome {
                #expect(event.eventID == "e\(index)")
            } else {
                #expect(index % 3 == 0)
            }
        }
    }

    @Test func encodingReadsBack() throws {
        let events = [
            Event(
                action: .purchase, shopper: .anonymous("a\"7\n"), item: ItemID("ü"), time: Self.timestamp, quantity: 0.5
            ),
            Event(
                eventID: "e", action: .cartRemoval, shopper: .known("u"), anonymousID: "a", item: ItemID("i"),
                time: EventTime.earliest,
                sessionID: "s", quantity: 3, price: 0, currency: "EUR", attributes: ["segment": "\"ü\"", "age": ""]),
        ]
        for event in events {
            #expect(
                Self.decoder().decode(key: event.key, value: try event.encoded(), timestamp: Self.timestamp)
                    == .event(event))
        }
        #expect(
            String(decoding: try events[1].encoded(), as: UTF8.self)
                == #"{"event_id":"e","type":"cart_removal","user_id":"u","anonymous_id":"a","item_id":"i","timestamp":"2000-01-01T00:00:00.000Z","session_id":"s","quantity":3,"price":0,"currency":"EUR","attributes":{"age":"","segment":"\"ü\""}}"#
        )
    }
}
