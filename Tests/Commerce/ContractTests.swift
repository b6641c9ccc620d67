import Commerce
import Foundation
import Testing

/// The topic files, the AsyncAPI document and the code's encoders and decoders, held against each other.
@Suite struct ContractTests {
    static let timestamp = EventTime(milliseconds: 1_793_534_400_500)

    // MARK: Examples and decoders

    @Test func theEventsExampleDecodes() throws {
        let (key, value) = try Contract.example("events")
        #expect(
            EventDecoder().decode(key: key, value: value, timestamp: Self.timestamp)
                == .event(
                    Event(
                        eventID: "e91", action: .cart, shopper: .known("u42"), anonymousID: "a7", item: ItemID("i1117"),
                        time: EventTime(milliseconds: 1_793_534_400_123), sessionID: "s9", quantity: 1, price: 11.18,
                        currency: "EUR", attributes: ["country": "nl", "segment": "gold"])))
    }

    @Test func theCatalogueExampleDecodes() throws {
        let (key, value) = try Contract.example("catalogue")
        guard case .upsert(let item) = CatalogueDecoder().decode(key: key, value: value) else {
            Issue.record("refused")
            return
        }
        #expect(item.category == ["Home", "Kitchen"] && item.vectors == ["text": [0.1, -0.25, 0.5]] && item.inStock)
    }

    @Test func theListsExampleDecodes() throws {
        let (key, value) = try Contract.example("recommendations")
        let published = try ListDecoder().decode(value)
        #expect(published.list.key == key && published.list.slots.count == 2)
    }

    @Test func theDeadLettersExampleIsWhatTheCodeWrites() throws {
        let (key, value) = try Contract.example("events.dead-letter")
        let example = try Contract.file("events.dead-letter")["example"] as? [String: Any]
        let headers = try #require(example?["headers"] as? [String: String])
        let letter = try DeadLetter(
            DeadLetter.Record(
                key: key, value: value,
                headers: ["breadcrumb.topic"].map {
                    DeadLetter.Header(name: $0, value: headers[$0].map { Array($0.utf8) })
                }
                    + headers.filter { $0.key != "breadcrumb.topic" }.map {
                        DeadLetter.Header(name: $0.key, value: Array($0.value.utf8))
                    }))
        // The example's record is refused for the reason that the example's headers give.
        #expect(
            EventDecoder().decode(key: letter.key, value: letter.value, timestamp: letter.timestamp)
                == .refused(letter.fault))
    }

    @Test func theReasonsOfTheContractAreThoseOfTheCode() throws {
        let headers = try Contract.file("events.dead-letter")["headers"] as? [String: Any]
        let reason = (headers?["properties"] as? [String: Any])?["breadcrumb.reason"] as? [String: Any]
        #expect(try Set(#require(reason?["enum"] as? [String])) == Set(RecordFault.Reason.allCases.map(\.rawValue)))
    }

    // MARK: Schemas

    @Test(
        .enabled(if: SchemaChecker.isAvailable, "python3 with jsonschema is not installed"),
        arguments: ["events", "catalogue", "recommendations"])
    func examplesMatchTheirSchemas(topic: String) throws {
        let value = String(decoding: try Contract.example(topic).value, as: UTF8.self)
        #expect(try SchemaChecker.areValid([value], topic: topic) == [true])
    }

    @Test(.enabled(if: SchemaChecker.isAvailable, "python3 with jsonschema is not installed"))
    func encodersMatchTheSchemas() throws {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let events = try [
            Event(action: .browse, shopper: .anonymous("a"), item: ItemID("i"), time: EventTime.earliest),
            Event(
                eventID: "e", action: .cartRemoval, shopper: .known("u"), anonymousID: "a", item: ItemID("ü\n"),
                time: Self.timestamp,
                sessionID: "s", quantity: 0.1, price: 1e-9, currency: "EUR",
                attributes: ["ü": "", "country": String(repeating: "v", count: 256)]),
        ].map { text(try $0.encoded()) }
        #expect(try SchemaChecker.areValid(events, topic: "events") == [true, true])

        let items = try [CatalogueDecoderTests.whole, CatalogueItem(item: ItemID("i"))].map { text(try $0.encoded()) }
        #expect(try SchemaChecker.areValid(items, topic: "catalogue") == [true, true])

        var anonymous = RecommendationListTests.list
        anonymous.shopper = .anonymous("a")
        anonymous.lineage.trigger = .event(id: nil)
        anonymous.slots = []
        anonymous.shortfall = 20
        var mixed = RecommendationListTests.list
        mixed.slots = RecommendationList.Origin.allCases.enumerated().map {
            .init(rank: $0 + 1, item: ItemID("i\($0)"), score: 1, origin: $1)
        }
        let lists = try [RecommendationListTests.list, anonymous, mixed].map { text(try $0.encoded()) }
        #expect(try SchemaChecker.areValid(lists, topic: "recommendations") == [true, true, true])

        let letters = try [DeadLetterTests.letter, DeadLetterTests.letter.truncated(to: 1)].map { letter in
            let own = letter.record.headers.dropFirst(letter.headers.count)
            let fields = Dictionary(
                uniqueKeysWithValues: own.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) })
            return String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
        }
        #expect(try SchemaChecker.areValid(letters, topic: "events.dead-letter", part: "headers") == [true, true])
    }

    /// Whatever the schema can express, it and the decoder judge alike. (It cannot express bytes, duplicate fields, calendars,
    /// keys and clocks.)
    @Test(.enabled(if: SchemaChecker.isAvailable, "python3 with jsonschema is not installed"))
    func schemaAndDecoderAgreeOnEvents() throws {
        let beyondTheSchema: Set<RecordFault.Reason> = [
            .payloadTooLarge, .noPayload, .emptyPayload, .invalidUTF8, .invalidJSON, .nestedTooDeep, .duplicateField,
            .keyMismatch,
            .missingKey, .futureTime,
        ]
        // Python reads NaN as JSON; 129 bytes may be fewer characters; 2016-12-31T23:59:60 is beyond the pattern and so included.
        let bad = EventDecoderTests.bad.filter {
            !beyondTheSchema.contains($0.reason) && $0.name != "user of 129 bytes"
        }
        let documents = bad.compactMap { $0.value.map { String(decoding: $0, as: UTF8.self) } }
        #expect(documents.count > 25)
        let verdicts = try SchemaChecker.areValid(documents, topic: "events")
        for (document, isValid) in zip(documents, verdicts) {
            #expect(!isValid, "the schema takes \(document.prefix(200))")
        }

        let good = [
            EventDecoderTests.event(), EventDecoderTests.event(["user_id": "null", "anonymous_id": "\"u42\""]),
            EventDecoderTests.event(["price": "0", "quantity": "1e-3", "currency": "null", "anything": "[{}]"]),
            EventDecoderTests.event(["timestamp": "1793534400123.0", "attributes": "{\"country\":null,\"age\":\"\"}"]),
            EventDecoderTests.event(["timestamp": "\"2026-11-01t14:00:00.123456789+02:00\""]),
        ]
        #expect(try SchemaChecker.areValid(good, topic: "events") == good.map { _ in true })
        for document in good {
            guard case .event = EventDecoderTests.decode(document) else {
                Issue.record("the decoder refuses \(document)")
                continue
            }
        }
    }

    @Test(.enabled(if: SchemaChecker.isAvailable, "python3 with jsonschema is not installed"))
    func schemaAndDecoderAgreeOnTheCatalogue() throws {
        let bad = [
            "{}", #"{"item_id":1}"#, #"{"item_id":""}"#, #"{"item_id":"i1","price":-1}"#,
            #"{"item_id":"i1","category":"Home"}"#,
            #"{"item_id":"i1","category":[1]}"#, #"{"item_id":"i1","in_stock":"yes"}"#,
            #"{"item_id":"i1","vectors":{"t":[]}}"#,
            #"{"item_id":"i1","vectors":{"t":[1e39]}}"#, #"{"item_id":"i1","vectors":{"":[1]}}"#,
            #"{"item_id":"i1","title":5}"#, "[]",
            #"{"item_id":"i1","vectors":{"t":[\#(Array(repeating: "1", count: 4_097).joined(separator: ","))]}}"#,
        ]
        let decoder = CatalogueDecoder()
        #expect(try SchemaChecker.areValid(bad, topic: "catalogue") == bad.map { _ in false })
        for document in bad {
            #expect(throws: RecordFault.self, "\(document)") { try decoder.decode(Array(document.utf8)) }
        }
    }

    // MARK: AsyncAPI

    @Test func asyncAPIListsTheTopicsOfTheFiles() throws {
        let text = try String(contentsOfFile: Contract.folder + "/asyncapi.yaml", encoding: .utf8)
        let prefix = "    address: "
        let addresses = text.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map {
            String($0.dropFirst(prefix.count))
        }
        let topics = try TopicDefinition.load(folder: Contract.folder).map(\.name)
        #expect(addresses.sorted() == topics)
        for topic in topics { #expect(text.contains("$ref: ./\(topic).json#/")) }
    }

    static let validator = ProcessInfo.processInfo.environment["BREADCRUMB_ASYNCAPI"]

    @Test(.enabled(if: validator != nil, "BREADCRUMB_ASYNCAPI names no AsyncAPI validator (validate.js)"))
    func asyncAPIIsValid() throws {
        let (status, output) = try run("node", [try #require(Self.validator), Contract.folder + "/asyncapi.yaml"])
        #expect(status == 0, "\(output)")
    }
}
