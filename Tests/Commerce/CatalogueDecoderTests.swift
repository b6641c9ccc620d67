import Commerce
import Testing

@Suite struct CatalogueDecoderTests {
    static let whole = CatalogueItem(
        item: ItemID("i1"), title: "Pan \"26\"", category: ["Home", "Kitchen"], brand: "Hearth", description: "",
        price: 11.18,
        currency: "EUR", inStock: false, link: "https://shop.example/i1", imageLink: "https://shop.example/i1.jpg",
        vectors: ["text": [0.1, -0.25], "image": [3]])

    private func decode(_ value: String?, key: String? = "i1") -> CatalogueChange {
        CatalogueDecoder().decode(key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) })
    }

    @Test func encodingReadsBack() throws {
        for item in [Self.whole, CatalogueItem(item: ItemID("i1"))] {
            #expect(CatalogueDecoder().decode(key: item.key, value: try item.encoded()) == .upsert(item))
        }
        #expect(
            String(decoding: try Self.whole.encoded(), as: UTF8.self)
                == #"{"item_id":"i1","title":"Pan \"26\"","category":["Home","Kitchen"],"brand":"Hearth","description":"","price":11.18,"currency":"EUR","in_stock":false,"link":"https://shop.example/i1","image_link":"https://shop.example/i1.jpg","vectors":{"image":[3],"text":[0.1,-0.25]}}"#
        )
    }

    @Test func nullsAreAbsentAndUnknownFieldsIgnored() {
        let text =
            #"{"item_id":"i1","title":null,"category":null,"price":null,"in_stock":null,"vectors":null,"colour":"red","colour":"blue"}"#
        #expect(decode(text) == .upsert(CatalogueItem(item: ItemID("i1"))))
    }

    @Test func anEmptyBrandOrLevelIsNone() {
        let text = #"{"item_id":"i1","brand":"","category":["Home","","Kitchen"]}"#
        #expect(decode(text) == .upsert(CatalogueItem(item: ItemID("i1"), category: ["Home"])))
        #expect(decode(#"{"item_id":"i1","category":[""]}"#) == .upsert(CatalogueItem(item: ItemID("i1"))))
    }

    @Test func aRecordWithoutAValueWithdraws() {
        #expect(decode(nil) == .withdrawal(ItemID("i1")))
    }

    @Test(
        arguments: [
            ("", "i1", .emptyPayload), ("{}", "i1", .missingField), (nil, nil, .missingKey), (nil, "", .missingKey),
            (nil, String(repeating: "k", count: 129), .identifierTooLong), (#"{"item_id":"i2"}"#, "i1", .keyMismatch),
            (#"{"item_id":1}"#, "1", .wrongType), (#"{"item_id":"i1","price":-1}"#, "i1", .invalidNumber),
            (#"{"item_id":"i1","category":"Home>Kitchen"}"#, "i1", .wrongType),
            (#"{"item_id":"i1","category":[1]}"#, "i1", .wrongType),
            (#"{"item_id":"i1","in_stock":"yes"}"#, "i1", .wrongType),
            (#"{"item_id":"i1","vectors":{"t":[]}}"#, "i1", .invalidLength),
            (#"{"item_id":"i1","vectors":{"t":[1e39]}}"#, "i1", .invalidNumber),
            (#"{"item_id":"i1","vectors":{"t":[1,"2"]}}"#, "i1", .wrongType),
            (#"{"item_id":"i1","vectors":[1]}"#, "i1", .wrongType),
            (#"{"item_id":"i1","vectors":{"t":[1],"t":[2]}}"#, "i1", .duplicateField),
            (#"{"item_id":"i1","vectors":{"":[1]}}"#, "i1", .emptyIdentifier),
            (
                #"{"item_id":"i1","vectors":{"t":[\#(Array(repeating: "1", count: 4_097).joined(separator: ","))]}}"#,
                "i1", .invalidLength
            ),
            (
                #"{"item_id":"i1","category":[\#(Array(repeating: "\"c\"", count: 33).joined(separator: ","))]}"#, "i1",
                .invalidLength
            ),
            (#"{"item_id":"i1","title":"a","title":"b"}"#, "i1", .duplicateField),
            (#"{"item_id":"i1","title":"\udc00"}"#, "i1", .invalidJSON),
        ] as [(String?, String?, RecordFault.Reason)])
    func refusals(value: String?, key: String?, reason: RecordFault.Reason) {
        guard case .refused(let fault) = decode(value, key: key) else {
            Issue.record("taken")
            return
        }
        #expect(fault.reason == reason, "\(fault)")
    }

    @Test func vectorsOf4096ComponentsAreTaken() {
        let text = #"{"item_id":"i1","vectors":{"t":[\#(Array(repeating: "1", count: 4_096).joined(separator: ","))]}}"#
        guard case .upsert(let item) = decode(text) else {
            Issue.record("refused")
            return
        }
        #expect(item.vectors["t"]?.count == 4_096)
    }

    @Test func vectorsOfADeclaredColumnHaveItsWidth() throws {
        let decoder = CatalogueDecoder(columns: [VectorColumn(name: "t", width: 2)])
        func decode(_ vectors: String) throws -> CatalogueItem {
            try decoder.decode(Array(#"{"item_id":"i1","vectors":\#(vectors)}"#.utf8))
        }
        #expect(try decode(#"{"t":[1,2],"other":[1]}"#).vectors.count == 2)
        #expect(try decode("{}").vectors.isEmpty)
        let fault = #expect(throws: RecordFault.self) { try decode(#"{"t":[1,2,3]}"#) }
        #expect(fault?.reason == .invalidLength)
        #expect(fault?.detail.hasPrefix(#"item "i1": vectors."t" has 3 components"#) == true)
    }

    @Test func aNotFiniteVectorIsNotEncoded() {
        #expect(throws: (any Error).self) { try CatalogueItem(item: ItemID("i"), vectors: ["t": [.nan]]).encoded() }
    }
}
