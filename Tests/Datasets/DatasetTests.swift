import Commerce
import Datasets
import Foundation
import Testing

/// Writes `content` to a file of that name and hands its path to `body`.
func withFile(_ name: String, _ content: String, _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("breadcrumb-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent(name).path
    try Data(content.utf8).write(to: URL(fileURLWithPath: path))
    try body(path)
}

/// What came out of a file, good and bad, each as a short text.
func read<Record>(_ reader: DatasetReader<Record>, _ describe: (Record) -> String) throws -> [String] {
    var rows: [String] = []
    try reader.readAll { row in
        switch row {
        case .success(let record): rows.append(describe(record))
        case .failure(let fault): rows.append("\(fault.line):\(fault.fault.reason.rawValue)")
        }
    }
    return rows
}

@Suite struct EventFileTests {
    private func summary(_ event: Event) -> String {
        "\(event.shopper.tagged) \(event.action.name) \(event.item.rawValue) \(event.time.rawValue)"
    }

    private func events(_ name: String, _ content: String, _ options: DatasetOptions = DatasetOptions()) throws
        -> [String]
    {
        var rows: [String] = []
        try withFile(name, content) { rows = try read(.events(path: $0, options: options), summary) }
        return rows
    }

    @Test func theFormOfTheDataFolders() throws {
        #expect(
            try events(
                "events.tsv",
                "user_id\titem_id\ttype\ttimestamp\n1228\t\"10\tpurchase\t1483273590\n7\t5\tbrowse\t1483273591\n") == [
                    "u:1228 purchase \"10 1483273590000", "u:7 browse 5 1483273591000",
                ])
    }

    @Test func everyColumnOfACSV() throws {
        let text = """
            event_id,type,user_id,anonymous_id,item_id,timestamp,session_id,quantity,price,currency,note
            e1,cart,u,a,i,2026-11-01T14:00:00.5+02:00,s,2,1e1,EUR,x
            ,purchase,,a,i,1793534400500,,,,,

            """
        try withFile("e.csv", text) { path in
            let reader = try DatasetReader.events(path: path)
            let time = EventTime(milliseconds: 1_793_534_400_500)
            #expect(
                try reader.next()?.get()
                    == Event(
                        eventID: "e1", action: .cart, shopper: .known("u"), anonymousID: "a", item: ItemID("i"),
                        time: time, sessionID: "s",
                        quantity: 2, price: 10, currency: "EUR"))
            #expect(
                try reader.next()?.get()
                    == Event(action: .purchase, shopper: .anonymous("a"), item: ItemID("i"), time: time))
            #expect(try reader.next() == nil)
            #expect(reader.rows == 2 && reader.position == reader.size && reader.size == text.utf8.count)
        }
    }

    @Test func namesAreMappedAndValuesSupplied() throws {
        let columns = try ColumnMap(entries: ["user_id=customer", "item_id=sku", "timestamp=at", "type==purchase"])
        let text = "sku,customer,at,user_id\ni9,c1,2026-11-01 12:00:00,wrong\n"
        #expect(try events("e.csv", text, DatasetOptions(columns: columns)) == ["u:c1 purchase i9 1793534400000"])
    }

    @Test func quotesLineEndsAndNumbersOfLines() throws {
        let text =
            "\u{feff}type,user_id,item_id,timestamp\r\n\r\nbrowse,u,\"a\r\nb\"\"c,\",1793534400\r\nbad,u,i,1793534400\nbrowse,5\" pan,i,1793534400"
        #expect(
            try events("e.csv", text) == [
                "u:u browse a\nb\"c, 1793534400000", "5:unknown_type", "u:5\" pan browse i 1793534400000",
            ])
    }

    @Test func badRowsAreNamedAndTheRestGoesOn() throws {
        let head = "type,user_id,item_id,timestamp,price,quantity\n"
        let rows: [(String, String)] = [
            ("browse,u,i,1793534400,,", "ok"), ("browse,u,i,1793534400,", "invalid_length"),
            ("browse,u,i,1793534400,,,", "invalid_length"),
            ("view,u,i,1793534400,,", "unknown_type"), (",u,i,1793534400,,", "missing_field"),
            ("browse,,i,1793534400,,", "missing_field"),
            ("browse,u,,1793534400,,", "missing_field"), ("browse,u,i,,,", "missing_field"),
            ("browse,u,i,noon,,", "invalid_time"),
            ("browse,u,i,0001-01-01T00:00:00Z,,", "time_out_of_range"), ("browse,u,i,-5,,", "invalid_time"),
            ("browse,u,i,9999999999999999999999,,", "invalid_time"), ("browse,u,i,1793534400,NaN,", "wrong_type"),
            ("browse,u,i,1793534400,0x10,", "wrong_type"), ("browse,u,i,1793534400,-1,", "invalid_number"),
            ("browse,u,i,1793534400,1e999,", "invalid_number"), ("browse,u,i,1793534400,,0", "invalid_number"),
            ("browse,\(String(repeating: "u", count: 129)),i,1793534400,,", "identifier_too_long"),
            ("browse,\(String(repeating: "u", count: 3_000)),i,1793534400,,", "payload_too_large"),
            ("browse,u,i,1793534400,,", "ok"),
        ]
        let found = try events("e.csv", head + rows.map(\.0).joined(separator: "\n"), DatasetOptions(maximumRow: 1_000))
        let expected = rows.enumerated().map { $1.1 == "ok" ? "u:u browse i 1793534400000" : "\($0 + 2):\($1.1)" }
        #expect(found == expected)
    }

    @Test func invalidUTF8IsARowsFault() throws {
        try withFile("e.csv", "") { path in
            let bytes = Array("type,user_id,item_id,timestamp\nbrowse,".utf8) + [0xff] + Array(",i,1793534400\n".utf8)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            try #expect(read(.events(path: path), summary) == ["2:invalid_utf8"])
        }
    }

    @Test func anOpenQuoteCostsABoundedPart() throws {
        let head = "type,user_id,item_id,timestamp\n"
        let good = "browse,u,i,1793534400\n"
        #expect(
            try events("e.csv", head + good + "browse,\"u,i,1793534400\n") == [
                "u:u browse i 1793534400000", "3:invalid_length",
            ])
        let rows = try events(
            "e.csv", head + "browse,\"u,i,1793534400\n" + String(repeating: good, count: 20),
            DatasetOptions(maximumRow: 100))
        #expect(rows.first == "2:payload_too_large")
        #expect(rows.dropFirst() == Array(repeating: "u:u browse i 1793534400000", count: 16)[...])
    }

    @Test func missingColumnsAreOneErrorWithTheRemedy() throws {
        try withFile("e.csv", "customer,sku,type\n") { path in
            let fault = #expect(throws: DatasetFault.self) { try DatasetReader.events(path: path) }
            #expect(
                fault?.message
                    == "\(path): no column for user_id (or anonymous_id), item_id, timestamp; its columns are \"customer\", \"sku\", \"type\"; name the right one, as in --column user_id=customer"
            )
        }
    }

    @Test(arguments: [
        ("type,user_id,item_id,timestamp\n", ["user=u"], "\"user\", which does not exist"),
        ("type,user_id,item_id,timestamp\n", ["user_id=customer"], "\"customer\", which is not there"),
        ("type,user_id,user_id,item_id,timestamp\n", [], "\"user_id\" is there twice"), ("", [], "the file is empty"),
    ])
    func badHeadersAndMaps(text: String, entries: [String], message: String) throws {
        try withFile("e.csv", text) { path in
            let options = DatasetOptions(columns: try ColumnMap(entries: entries))
            let fault = #expect(throws: DatasetFault.self) { try DatasetReader.events(path: path, options: options) }
            #expect(fault?.message.contains(message) == true && fault?.message.hasPrefix(path) == true)
        }
    }

    @Test(arguments: ["user_id", "=customer", "user_id="])
    func malformedMaps(entry: String) {
        #expect(throws: DatasetFault.self) { try ColumnMap(entries: [entry]) }
        #expect(throws: DatasetFault.self) { try ColumnMap(entries: ["item_id=a", "item_id=b"]) }
    }

    @Test(
        arguments: [
            ("1793534400", TimeFormat.automatic, 1_793_534_400_000), ("1793534400123", .automatic, 1_793_534_400_123),
            ("1793534400.25", .automatic, 1_793_534_400_250), ("1793534400.0", .seconds, 1_793_534_400_000),
            ("2026-11-01 12:00:00", .automatic, 1_793_534_400_000),
            ("2026-11-01T12:00:00Z", .automatic, 1_793_534_400_000),
            ("2026-11-01 12:00:00", .spaced, 1_793_534_400_000), ("946684800000", .automatic, 946_684_800_000),
            ("946684800", .automatic, 946_684_800_000), ("1793534400123.9", .milliseconds, 1_793_534_400_123),
            ("2026-11-01 12:00:00", .rfc3339, nil), ("2026-11-01T12:00:00Z", .spaced, nil),
            ("1793534400", .milliseconds, nil),
            ("1793534400123", .seconds, nil), ("1793534400", .rfc3339, nil), ("1793534400.", .automatic, nil),
            (".5", .seconds, nil),
            ("+1793534400", .seconds, nil), ("999999999999999", .automatic, nil),
        ] as [(String, TimeFormat, Int64?)])
    func times(text: String, format: TimeFormat, milliseconds: Int64?) throws {
        let rows = try events(
            "e.csv", "type,user_id,item_id,timestamp\nbrowse,u,i,\(text)\n", DatasetOptions(time: format))
        if let milliseconds {
            #expect(rows == ["u:u browse i \(milliseconds)"])
        } else {
            #expect(rows.first?.hasPrefix("2:") == true, "\(rows)")
        }
    }

    @Test func theLatestTimeIsTheCallers() throws {
        let text = "type,user_id,item_id,timestamp\nbrowse,u,i,1793534400\nbrowse,u,i,1793534401\n"
        let options = DatasetOptions(latest: EventTime(milliseconds: 1_793_534_400_000))
        #expect(try events("e.csv", text, options) == ["u:u browse i 1793534400000", "3:future_time"])
    }

    @Test func jsonLines() throws {
        let good = #"{"type":"cart","anonymous_id":"a","item_id":"i","timestamp":1793534400123}"#
        let text = "\(good)\n\n{\"type\":\"cart\"}\n\(good)\r\n{\n" + String(repeating: " ", count: 500) + good
        #expect(
            try events("e.jsonl", text, DatasetOptions(maximumRow: 400)) == [
                "a:a cart i 1793534400123", "3:missing_field", "a:a cart i 1793534400123", "5:invalid_json",
                "6:payload_too_large",
            ])
    }

    @Test func namesTellTheFormat() throws {
        #expect(try DatasetFormat(path: "a.b/events.csv") == .csv)
        #expect(try DatasetFormat(path: "events.tsv.gz") == .tsv)
        #expect(try DatasetFormat(path: "events.ndjson.gz") == .jsonLines)
        for path in ["events", "events.gz", "a.csv/events", "events.parquet", ""] {
            #expect(throws: DatasetFault.self) { try DatasetFormat(path: path) }
        }
        #expect(
            try events("data", "type,user_id,item_id,timestamp\nbrowse,u,i,1793534400\n", DatasetOptions(format: .csv))
                .count == 1)
    }
}

@Suite struct CatalogueFileTests {
    private func items(_ name: String, _ content: String, _ options: DatasetOptions = DatasetOptions()) throws
        -> [CatalogueItem?]
    {
        var rows: [CatalogueItem?] = []
        try withFile(name, content) { path in
            try DatasetReader.catalogue(path: path, options: options).readAll { rows.append(try? $0.get()) }
        }
        return rows
    }

    @Test func everyColumnOfACSV() throws {
        let text = """
            item_id,title,category,brand,description,price,currency,in_stock,link,image_link
            i1,"Pan, 26 cm", Home >Kitchen > ,Hearth,"two
            lines",11.18,EUR,false,https://shop.example/1,https://shop.example/1.jpg
            i2,,,,,,,,,
            i3,,,,,-1,,,,
            i4,,,,,,,maybe,,

            """
        #expect(
            try items("c.csv", text) == [
                CatalogueItem(
                    item: ItemID("i1"), title: "Pan, 26 cm", category: ["Home", "Kitchen"], brand: "Hearth",
                    description: "two\nlines",
                    price: 11.18, currency: "EUR", inStock: false, link: "https://shop.example/1",
                    imageLink: "https://shop.example/1.jpg"),
                CatalogueItem(item: ItemID("i2")), nil, nil,
            ])
    }

    @Test func theSeparatorIsTheCallers() throws {
        let text = "item_id,category\ni,a/b > c\n"
        #expect(try items("c.csv", text, DatasetOptions(categorySeparator: "/")).first??.category == ["a", "b > c"])
        #expect(try items("c.csv", text, DatasetOptions(categorySeparator: "")).first??.category == ["a/b > c"])
    }

    @Test func jsonLines() throws {
        let text =
            #"{"item_id": "1041453", "title": "POTATO CHIPS", "category": ["GROCERY", "SNACKS"], "brand": "Private", "price": 1.43}"#
        #expect(
            try items("c.jsonl", text + "\n{\"item_id\":1}\n") == [
                CatalogueItem(
                    item: ItemID("1041453"), title: "POTATO CHIPS", category: ["GROCERY", "SNACKS"], brand: "Private",
                    price: 1.43),
                nil,
            ])
    }
}

/// The folder of real shops' logs, where one is named.
private let dataFolder = ProcessInfo.processInfo.environment["BREADCRUMB_DATA"]

/// Real shops' logs, where a folder of them is named.
@Suite(.enabled(if: dataFolder != nil, "BREADCRUMB_DATA names no folder of shop data"))
struct RealDataTests {
    @Test(arguments: [
        ("retailrocket", 97_381, 0), ("complete-journey", 456_242, 43_686), ("online-retail", 387_797, 3_665),
    ])
    func everyRowIsSound(shop: String, events: Int, items: Int) throws {
        let folder = try #require(dataFolder) + "/" + shop
        let log = try DatasetReader.events(path: folder + "/events.tsv.gz")
        var faults: [RowFault] = []
        try log.readAll { if case .failure(let fault) = $0 { faults.append(fault) } }
        #expect(faults.isEmpty && log.rows == events)
        #expect(log.position == log.size)
        guard items > 0 else { return }
        let catalogue = try DatasetReader.catalogue(path: folder + "/items.jsonl.gz")
        try catalogue.readAll { if case .failure(let fault) = $0 { faults.append(fault) } }
        #expect(faults.isEmpty, "\(faults.prefix(3))")
        // The catalogue may describe items that nobody touched, or lack some.
        #expect(catalogue.rows > items / 2)
    }
}
