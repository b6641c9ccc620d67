import Foundation

/// The files of the contract, found from this file's own place.
enum Contract {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("topics").path

    static func path(_ topic: String) -> String { folder + "/" + topic + ".json" }

    /// A topic's file as Foundation reads it, which shares nothing with the code under test.
    static func file(_ topic: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path(topic)))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    /// The example of a topic: the key, and the value's bytes.
    static func example(_ topic: String) throws -> (key: [UInt8], value: [UInt8]) {
        let example = try file(topic)["example"] as? [String: Any] ?? [:]
        let value = example["value"] ?? NSNull()
        let bytes = try value as? String != nil ? Data("\(value)".utf8) : JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
        return (Array((example["key"] as? String ?? "").utf8), Array(bytes))
    }
}

/// Runs a program to its end and collects what it wrote.
func run(_ program: String, _ arguments: [String], input: String = "") throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let (standardInput, standardOutput) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    process.standardError = standardOutput
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let output = standardOutput.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

/// JSON Schema by Python's `jsonschema`, an implementation of the standard that is not ours.
enum SchemaChecker {
    static let isAvailable = (try? run("python3", ["-c", "import jsonschema"]).status) == 0

    private static let program = """
        import json, sys, warnings
        warnings.simplefilter("ignore")
        import jsonschema
        request = json.load(sys.stdin)
        schema = json.load(open(request["file"]))[request["part"]]
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        for document in request["documents"]:
            print("valid" if validator.is_valid(json.loads(document)) else "invalid")
        """

    /// Whether each document (JSON text) is valid by the schema at `part` of a topic's file. The schema is checked as well.
    static func areValid(_ documents: [String], topic: String, part: String = "schema") throws -> [Bool] {
        let request: [String: Any] = ["file": Contract.path(topic), "part": part, "documents": documents]
        let text = String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self)
        let (status, output) = try run("python3", ["-c", program], input: text)
        guard status == 0 else { throw Failure(output: output) }
        return output.split(separator: "\n").map { $0 == "valid" }
    }

    /// The checker itself failed: it says why.
    struct Failure: Error { var output: String }
}
