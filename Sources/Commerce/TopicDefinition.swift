import Bytes
import FoundationEssentials
import JSON

/// A topic of the contract as its file in `topics/` describes it: what `topics apply` makes and `topics check` compares.
public struct TopicDefinition: Equatable, Sendable {
    /// Why a topic's file cannot be used.
    public struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
        public var path: String
        public var problem: String

        public var description: String { "\(path): \(problem)" }
    }

    public var name: String
    /// What the topic is for, in a sentence.
    public var purpose: String
    /// How many partitions the topic is created with.
    public var partitions: Int32
    /// Kafka's own topic settings (`cleanup.policy`, `retention.ms` …), names and values as the broker takes them.
    public var settings: [String: String]
    /// The vector columns that the schema declares: those under its `vectors` with a fixed number of components, by name.
    public var vectors: [VectorColumn]

    public init(
        name: String, purpose: String, partitions: Int32, settings: [String: String], vectors: [VectorColumn] = []
    ) {
        self.name = name
        self.purpose = purpose
        self.partitions = partitions
        self.settings = settings
        self.vectors = vectors
    }

    /// Reads every `*.json` of a folder, in the order of the topics' names.
    public static func load(folder: String) throws(Fault) -> [TopicDefinition] {
        let files: [String]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
                .sorted()
        } catch {
            throw Fault(path: folder, problem: "cannot be read as a folder of topic files")
        }
        guard !files.isEmpty else { throw Fault(path: folder, problem: "holds no topic file (*.json)") }
        var topics: [TopicDefinition] = []
        for file in files { topics.append(try load(file: folder + "/" + file)) }
        return topics.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Reads one topic's file, which must be named after its topic (`events.json`).
    public static func load(file path: String) throws(Fault) -> TopicDefinition {
        do {
            let topic = try JSONParser().parse(InputFile.contents(of: path, limit: 1 << 20)) {
                try TopicFile.decode($0)
            }
            let file = path.split(separator: "/").last.map(String.init) ?? path
            guard file == topic.name + ".json" else {
                throw RecordFault(
                    .keyMismatch, "name is \(excerpt(topic.name)), so the file must be \(topic.name).json")
            }
            return topic
        } catch let fault as FileFault {
            throw Fault(path: path, problem: fault.problem)
        } catch {
            throw Fault(path: path, problem: RecordFault(decoding: error).detail)
        }
    }
}

/// The form of a topic's file.
private enum TopicFile {
    enum Field: Int, RecordField {
        case name, description, partitions, settings, key, headers, schema, example

        static let names: [StaticString] = [
            "name", "description", "partitions", "settings", "key", "headers", "schema", "example",
        ]
    }

    static func decode(_ value: JSONValue) throws(RecordFault) -> TopicDefinition {
        let record = try RecordReader<Field>(value)
        try refuseUnknownFields(value)
        for field in [Field.key, .example] { _ = try record.required(field) }
        let name = try record.requiredIdentifier(.name)
        let isLegal = name.utf8.allSatisfy { byte in
            switch UInt8(byte) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isLegal else {
            throw RecordFault(
                .wrongType, "name \(excerpt(name)) is no name of a Kafka topic (letters, digits, '.', '_', '-')")
        }
        return TopicDefinition(
            name: name, purpose: try Text.read(record.required(.description), "description"),
            partitions: try record.integer(.partitions, in: 1...100_000),
            settings: try settings(record.required(.settings)), vectors: try DeclaredVectors.read(record.value(.schema))
        )
    }

    private static func settings(_ value: JSONValue) throws(RecordFault) -> [String: String] {
        guard let fields = value.object else {
            throw RecordFault(.wrongType, "settings must be an object of strings, not \(describe(value))")
        }
        var settings: [String: String] = [:]
        for field in fields {
            let name = String(decoding: field.name, as: UTF8.self)
            let text = try Text.read(field.value, "settings.\(name)")
            guard settings.updateValue(text, forKey: name) == nil else {
                throw RecordFault(.duplicateField, "settings.\(name) is there twice")
            }
        }
        return settings
    }

    /// A misspelt field would silently mean nothing.
    private static func refuseUnknownFields(_ value: JSONValue) throws(RecordFault) {
        guard let fields = value.object else { return }
        let known = Field.names.map { "\($0)" }
        for field in fields {
            let name = String(decoding: field.name, as: UTF8.self)
            guard known.contains(name) else {
                throw RecordFault(
                    .unknownType,
                    "\(excerpt(name)) is no field of a topic's file (those are \(known.joined(separator: ", ")))")
            }
        }
    }
}
