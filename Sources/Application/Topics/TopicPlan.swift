import Commerce
import Kafka

/// The contract's topics under the names and with the partitions of one deployment.
public struct TopicPlan: Sendable {
    /// One topic as it should be.
    public struct Topic: Equatable, Sendable {
        /// As configured; the definition's name unless a key says otherwise.
        public var name: String
        /// How many partitions it is to have.
        public var partitions: Int
        public var definition: TopicDefinition
    }

    /// A difference between the cluster and the plan, one line.
    public typealias Drift = String

    /// In the order of the definitions' names.
    public let topics: [Topic]

    /// Lays out the plan.
    ///
    /// - Parameters:
    ///   - names: the configured name of each role; a topic without a role keeps its definition's name.
    ///   - partitions: counts that replace the definitions', by the definition's name.
    public init(_ definitions: [TopicDefinition], names: TopicSettings, partitions: [String: Int] = [:]) {
        let configured = [
            "events": names.events, "catalogue": names.catalogue, "recommendations": names.recommendations,
            "events.dead-letter": names.deadLetters,
        ]
        topics = definitions.map {
            Topic(
                name: configured[$0.name] ?? $0.name, partitions: partitions[$0.name] ?? Int($0.partitions),
                definition: $0)
        }
    }

    /// Creates the topics that are missing and leaves the others as they are; afterwards the cluster shows them all.
    ///
    /// - Parameters:
    ///   - replicationFactor: nil is the broker's default.
    ///   - report: told of each topic and whether it was created.
    public func apply(
        _ admin: KafkaAdmin, replicationFactor: Int?, timeout: Duration = .seconds(20),
        report: (Topic, _ isNew: Bool) -> Void = { _, _ in }
    ) throws(KafkaError) {
        let present = Set(try admin.names(timeout: timeout))
        for topic in topics {
            let isPresent = present.contains(topic.name)
            report(topic, isPresent ? false : try create(topic, admin, replicationFactor, timeout))
        }
    }

    /// Every difference between the cluster and the plan: topics that are missing, counts of partitions, settings.
    /// Settings that the plan does not name are the cluster's own affair.
    public func drift(_ admin: KafkaAdmin, timeout: Duration = .seconds(20)) throws(KafkaError) -> [Drift] {
        var drift: [Drift] = []
        for topic in topics {
            do throws(KafkaError) {
                drift += differences(topic, try admin.describe(topic.name, timeout: timeout))
            } catch {
                guard error.code == .unknownTopic else { throw error }
                drift.append("\(topic.name): missing; `breadcrumb topics apply` creates it")
            }
        }
        return drift
    }

    /// False where someone else has just created it.
    private func create(
        _ topic: Topic, _ admin: KafkaAdmin, _ replicationFactor: Int?, _ timeout: Duration
    ) throws(KafkaError) -> Bool {
        do throws(KafkaError) {
            try admin.create(
                KafkaNewTopic(
                    name: topic.name, partitions: topic.partitions, replicationFactor: replicationFactor,
                    settings: topic.definition.settings), timeout: timeout)
            return true
        } catch {
            guard error.code == .topicExists else { throw error }
            try admin.waitUntilKnown(topic.name, timeout: timeout)
            return false
        }
    }

    /// How `found` differs from `topic`.
    package func differences(_ topic: Topic, _ found: KafkaTopicDescription) -> [Drift] {
        let file = "\(topic.definition.name).json"
        var drift: [Drift] = []
        if found.partitions != topic.partitions {
            let planned = topic.partitions == topic.definition.partitions ? file : "--partitions-override"
            drift.append(
                "\(topic.name): \(found.partitions) partitions, \(planned) says \(topic.partitions); other counts send "
                    + "keys to other partitions, so a topic with records is made anew, not resized")
        }
        for (setting, wanted) in topic.definition.settings.sorted(by: { $0.key < $1.key }) {
            let value = found.settings[setting].map { $0.value ?? "hidden by the broker" } ?? "unknown to the broker"
            if value != wanted {
                drift.append(
                    "\(topic.name): \(setting) is \(value), \(file) says \(wanted); `kafka-configs --alter` sets it")
            }
        }
        return drift
    }
}
