import Commerce
import Configuration
import Kafka

/// Creates the contract's topics, compares them with a cluster, or lists them.
struct TopicsCommand: Command {
    static let name = "topics"
    static let abstract = "Creates the topics of the contract, or reports how a cluster's differ from it."

    /// What is to be done.
    private enum Task: String, CaseIterable, ConfigurationValue {
        case apply, check, list
    }

    private let task: Task
    private let folder: String
    private let partitions: [String: Int]
    private let replicationFactor: Int?
    private let settings: Settings

    init(reading arguments: inout ArgumentReader) {
        folder = arguments.option(
            "folder", default: "topics", accepting: .notEmpty, "Folder of the topics' files, the contract.")
        partitions = Self.partitions(&arguments)
        replicationFactor = arguments.option(
            "replication-factor", accepting: .within(1...100),
            "Copies of each partition. Not given: the broker's default.")
        settings = arguments.settings().settings
        task = arguments.positional(
            "apply|check|list", example: .check,
            "apply creates what is missing; check reports what differs and then ends with code 1; list shows the contract."
        )
    }

    /// Reads `--partitions-override events=8`.
    private static func partitions(_ arguments: inout ArgumentReader) -> [String: Int] {
        let option = "partitions-override"
        var partitions: [String: Int] = [:]
        for entry in arguments.repeated(
            option, kind: "topic=count", "Other partitions than the topic's file says: events=8.")
        {
            let parts = entry.split(separator: "=", maxSplits: 1)
            if parts.count == 2, let count = Int(parts[1]), (1...100_000).contains(count) {
                partitions[String(parts[0])] = count
            } else {
                arguments.refuse(
                    "\(entry) is not of the form topic=count, count being 1 to 100000", at: .flag("--" + option))
            }
        }
        return partitions
    }

    /// Why the contract cannot be used.
    private struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    func run() throws -> ExitCode {
        let plan = try plan()
        if task == .list {
            for topic in plan.topics { print(Self.text(topic)) }
            return .success
        }
        let admin = try KafkaAdmin(settings.kafka.configuration(log: nil))
        if task == .apply {
            try plan.apply(admin, replicationFactor: replicationFactor) { topic, isNew in
                print("\(topic.name): " + (isNew ? "created with \(topic.partitions) partitions" : "exists already"))
            }
            return .success
        }
        let drift = try plan.drift(admin)
        for line in drift { print(line) }
        if drift.isEmpty { print("\(plan.topics.count) topics are as \(folder) says") }
        return drift.isEmpty ? .success : .failure
    }

    private func plan() throws -> TopicPlan {
        let definitions: [TopicDefinition]
        do throws(TopicDefinition.Fault) {
            definitions = try TopicDefinition.load(folder: folder)
        } catch {
            let remedy = error.path == folder ? "; --folder names it (`topics` in Breadcrumb's sources)" : ""
            throw Fault(description: "\(error)\(remedy)")
        }
        for name in partitions.keys.sorted() where !definitions.contains(where: { $0.name == name }) {
            let known = definitions.map(\.name).joined(separator: ", ")
            throw Fault(description: "--partitions-override \(name): \(folder) has no such topic; it has \(known)")
        }
        return TopicPlan(definitions, names: settings.topics, partitions: partitions)
    }

    /// Name, purpose, and what the broker is told.
    private static func text(_ topic: TopicPlan.Topic) -> String {
        let settings = topic.definition.settings.sorted { $0.key < $1.key }.map { "    \($0.key)=\($0.value)\n" }
        return "\(topic.name): \(topic.partitions) partitions\n    \(topic.definition.purpose)\n" + settings.joined()
    }
}
