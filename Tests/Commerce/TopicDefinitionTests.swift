import Commerce
import Foundation
import Testing

@Suite struct TopicDefinitionTests {
    @Test func theContractsTopics() throws {
        let topics = try TopicDefinition.load(folder: Contract.folder)
        #expect(topics.map(\.name) == ["catalogue", "events", "events.dead-letter", "recommendations"])
        let byName = Dictionary(uniqueKeysWithValues: topics.map { ($0.name, $0) })
        #expect(byName["catalogue"]?.settings["cleanup.policy"] == "compact")
        #expect(byName["recommendations"]?.settings["cleanup.policy"] == "compact")
        #expect(byName["events"]?.settings["cleanup.policy"] == "delete")
        func largest(_ topic: String) -> Int { Int(byName[topic]?.settings["max.message.bytes"] ?? "") ?? 0 }
        // Room for the largest payload with its key and headers; and for a refused record with the reason on top.
        #expect(largest("events") > EventDecoder.Limits().payload)
        #expect(largest("events.dead-letter") > largest("events"))
        for topic in topics { #expect(topic.partitions > 0 && !topic.purpose.isEmpty) }
    }

    /// A sound topic file, to be spoilt.
    private var sound: [String: Any] {
        [
            "name": "t", "description": "d", "partitions": 1, "settings": ["cleanup.policy": "delete"], "key": "k",
            "example": ["key": "k"],
        ]
    }

    private func problem(file: String = "t.json", _ change: (inout [String: Any]) -> Void) throws -> String? {
        var content = sound
        change(&content)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("breadcrumb-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try JSONSerialization.data(withJSONObject: content).write(to: folder.appendingPathComponent(file))
        do throws(TopicDefinition.Fault) {
            _ = try TopicDefinition.load(folder: folder.path)
            return nil
        } catch {
            #expect(error.path == folder.path + "/" + file)
            return error.problem
        }
    }

    @Test func mistakesNameTheField() throws {
        #expect(try problem { _ in } == nil)
        #expect(try problem { $0["partitions"] = 0 }?.hasPrefix("partitions must be whole, 1 to 100000") == true)
        #expect(try problem { $0["partitions"] = "1" }?.hasPrefix("partitions must be a whole number") == true)
        #expect(try problem { $0["partitions"] = nil } == "partitions is missing")
        #expect(
            try problem { $0["settings"] = ["retention.ms": 1] }?.hasPrefix("settings.retention.ms must be a string")
                == true)
        #expect(try problem { $0["key"] = nil } == "key is missing")
        #expect(try problem { $0["partitons"] = 3 }?.hasPrefix("\"partitons\" is no field") == true)
        #expect(try problem { $0["name"] = "a b" }?.contains("no name of a Kafka topic") == true)
        #expect(try problem(file: "u.json") { _ in } == "name is \"t\", so the file must be t.json")
    }

    @Test func vectorColumnsAreDeclaredInTheSchema() throws {
        func declare(_ columns: Any) -> (inout [String: Any]) -> Void {
            { $0["schema"] = ["properties": ["vectors": ["properties": columns]]] }
        }
        #expect(
            try problem(declare(["text": ["minItems": 384, "maxItems": 384], "a": ["minItems": 1, "maxItems": 1]]))
                == nil)
        let place = "schema.properties.vectors.properties"
        #expect(try problem(declare([1])) == place + " must be an object, not an array")
        for width in [["minItems": 3], ["minItems": 3, "maxItems": 4], [:]] {
            #expect(
                try problem(declare(["text": width]))?.hasPrefix(place + ".text must have minItems and maxItems")
                    == true)
        }
        #expect(
            try problem(declare(["text": ["minItems": 5000, "maxItems": 5000]]))?.contains("has width 5000") == true)
        #expect(try problem(declare(["": ["minItems": 3, "maxItems": 3]]))?.contains("is empty") == true)
        let topic = try TopicDefinition.load(file: Contract.path("catalogue"))
        #expect(topic.vectors.isEmpty, "the contract leaves the columns to the shop")
    }

    @Test func missingFoldersAndFilesAreErrors() {
        #expect(throws: TopicDefinition.Fault.self) { try TopicDefinition.load(folder: "/nowhere") }
        #expect(throws: TopicDefinition.Fault.self) { try TopicDefinition.load(file: "/nowhere/t.json") }
    }
}
