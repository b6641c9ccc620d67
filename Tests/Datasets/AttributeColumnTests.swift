import Commerce
import Datasets
import Testing

/// Columns of a table of events that tell something of the shopper.
@Suite struct AttributeColumnTests {
    @Test func columnsBecomeAttributes() throws {
        let text = """
            type,user_id,item_id,timestamp,country,age group
            browse,u,i,1793534400,NL,30-39
            browse,u,i,1793534400,,"a,b"
            browse,u,i,1793534400,,
            browse,u,i,1793534400,\(String(repeating: "v", count: 257)),

            """
        func read(_ columns: [String], _ text: String) throws -> [[String: String]?] {
            var rows: [[String: String]?] = []
            try withFile("e.csv", text) { path in
                try DatasetReader.events(path: path, options: DatasetOptions(attributes: columns)).readAll {
                    rows.append(try? $0.get().attributes)
                }
            }
            return rows
        }
        #expect(
            try read(["country", "age group"], text) == [
                ["country": "NL", "age group": "30-39"], ["age group": "a,b"], [:], nil,
            ])
        #expect(try read([], text) == [[:], [:], [:], [:]])
        for (columns, complaint) in [
            (["city"], "\"city\" must be there once"), (["country", "country"], "\"country\" is there twice"),
        ] {
            let fault = #expect(throws: DatasetFault.self) { try read(columns, text) }
            #expect(fault?.message.contains(complaint) == true, "\(fault?.message ?? "")")
        }
        try withFile(
            "e.jsonl",
            #"{"type":"cart","user_id":"u","item_id":"i","timestamp":1793534400000,"attributes":{"country":"NL"}}"#
        ) {
            let event = try DatasetReader.events(path: $0).next()?.get()
            #expect(event?.attributes == ["country": "NL"])
        }
    }
}
