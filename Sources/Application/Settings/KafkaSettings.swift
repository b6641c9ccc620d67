import Configuration
import Connectors
import Kafka

/// How to reach Kafka, and as which group.
public struct KafkaSettings: ConfigurationSection {
    /// `host:port`, several separated by commas.
    public var bootstrapServers: String
    /// The consumer group.
    public var group: String
    /// Where a group without state begins; nil where nobody said so.
    public var start: StartPosition?
    /// How long a process may be silent before it loses its partitions.
    public var sessionTimeout: Duration
    /// librdkafka properties of every client, by their own names.
    public var properties: [String: Secret]
    /// librdkafka properties of producers alone.
    public var producerProperties: [String: Secret]
    /// librdkafka properties of consumers alone.
    public var consumerProperties: [String: Secret]

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        bootstrapServers = keys.required(
            "kafka.bootstrap_servers", example: "localhost:9092", accepting: .notEmpty,
            "Brokers to begin with: host:port, several separated by commas.")
        group = keys.value(
            "kafka.group", default: "breadcrumb", accepting: .notEmpty,
            "Consumer group: the processes that share its name share the partitions.")
        start = keys.optional(
            "kafka.start",
            "Where a group that has no state yet begins: the oldest event, the next one, or the first at or after a time. "
                + "It must be said: there is no default that is right for everybody.")
        sessionTimeout = keys.value(
            "kafka.session_timeout", default: .seconds(30), accepting: .within(.seconds(6) ... .seconds(300)),
            "How long a process may be silent before its partitions go to others. Nothing is produced past it.")
        properties = keys.properties(
            "kafka.properties", "librdkafka properties of every client, such as security.protocol.",
            isSecret: KafkaConfiguration.isSecret)
        producerProperties = keys.properties(
            "kafka.producer_properties", "librdkafka properties of producers alone, such as compression.type.",
            isSecret: KafkaConfiguration.isSecret)
        consumerProperties = keys.properties(
            "kafka.consumer_properties", "librdkafka properties of consumers alone, such as fetch.min.bytes.",
            isSecret: KafkaConfiguration.isSecret)
        check(&keys)
    }

    /// What a client of the cluster is made with.
    ///
    /// - Parameter log: where librdkafka's log goes; nil drops it.
    public func configuration(log: KafkaLog?) -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: bootstrapServers, properties: properties.mapValues { $0.reveal() },
            producerProperties: producerProperties.mapValues { $0.reveal() },
            consumerProperties: consumerProperties.mapValues { $0.reveal() }, log: log)
    }

    /// Reports what librdkafka would refuse later, where it was written.
    private func check(_ keys: inout KeyReader) {
        let tables = ["kafka.properties", "kafka.producer_properties", "kafka.consumer_properties"]
        for mistake in configuration(log: nil).mistakes() {
            let names = tables.map { "\($0).\(mistake.property)" }
            let written = names.first { name in keys.entries.contains { $0.name == name } }
            let key = written == nil ? nil : Self.keys[mistake.property]
            keys.refuse(
                written ?? "kafka.bootstrap_servers", mistake.reason + (key.map { "; set \($0)" } ?? ""))
        }
    }

    /// The keys that stand for properties of librdkafka.
    private static let keys = [
        "bootstrap.servers": "kafka.bootstrap_servers", "metadata.broker.list": "kafka.bootstrap_servers",
        "group.id": "kafka.group", "session.timeout.ms": "kafka.session_timeout",
        "message.timeout.ms": "kafka.session_timeout", "delivery.timeout.ms": "kafka.session_timeout",
    ]
}

/// The names of the topics, whose contract stands in `topics/`.
public struct TopicSettings: ConfigurationSection {
    /// Read: the shop's events.
    public var events: String
    /// Read: the items.
    public var catalogue: String
    /// Written: the lists.
    public var recommendations: String
    /// Written: the events that were refused.
    public var deadLetters: String

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        events = keys.value(
            "topics.events", default: "events", accepting: Self.name, "Topic of the shop's events, keyed by shopper.")
        catalogue = keys.value(
            "topics.catalogue", default: "catalogue", accepting: Self.name,
            "Compacted topic of the items, keyed by item.")
        recommendations = keys.value(
            "topics.recommendations", default: "recommendations", accepting: Self.name,
            "Compacted topic of the lists, keyed by shopper.")
        deadLetters = keys.value(
            "topics.dead_letters", default: "events.dead-letter", accepting: Self.name,
            "Topic of the events that were refused, with the reason.")
        let names = [events, catalogue, recommendations, deadLetters]
        if Set(names).count < names.count {
            keys.refuse("topics.events", "two topics have the same name: \(names.joined(separator: ", "))")
        }
    }

    /// What Kafka allows as a topic's name.
    private static let name = Constraint<String>("1 to 249 of a-z A-Z 0-9 . _ -") { name in
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return allowed && (1...249).contains(name.utf8.count) && name != "." && name != ".."
            ? nil : "not a topic's name, which is 1 to 249 of a-z A-Z 0-9 . _ -"
    }
}
