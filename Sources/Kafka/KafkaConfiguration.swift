import CLibrdkafka

/// How severe a line of librdkafka's log is (syslog's levels).
public enum KafkaLogLevel: Int32, Comparable, Sendable {
    case emergency = 0
    case alert, critical, error, warning, notice, info, debug

    public static func < (left: KafkaLogLevel, right: KafkaLogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Where librdkafka's log lines go: level, facility (`FAIL`, `REBALANCE`), message. Called from librdkafka's threads.
public typealias KafkaLog = @Sendable (_ level: KafkaLogLevel, _ facility: String, _ message: String) -> Void

/// How to reach a Kafka cluster, and librdkafka's properties for the way.
///
/// Values may be secrets, so neither the description nor an error shows them.
public struct KafkaConfiguration: Sendable, CustomStringConvertible {
    /// `host:port`, several separated by commas.
    public var bootstrapServers: String
    /// The client's name in the broker's logs, quotas and metrics.
    public var clientID: String
    /// librdkafka properties of every client, by their own names (`security.protocol`).
    public var properties: [String: String]
    /// librdkafka properties of producers alone (`linger.ms`).
    public var producerProperties: [String: String]
    /// librdkafka properties of consumers alone (`fetch.min.bytes`).
    public var consumerProperties: [String: String]
    /// Where librdkafka's log goes; nil drops it.
    public var log: KafkaLog?

    public init(
        bootstrapServers: String, clientID: String = "breadcrumb", properties: [String: String] = [:],
        producerProperties: [String: String] = [:], consumerProperties: [String: String] = [:], log: KafkaLog? = nil
    ) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.properties = properties
        self.producerProperties = producerProperties
        self.consumerProperties = consumerProperties
        self.log = log
    }

    /// Servers, client and the names of the properties; no values.
    public var description: String {
        let names = Set(properties.keys).union(producerProperties.keys).union(consumerProperties.keys)
        return "\(bootstrapServers) as \(clientID), properties: \(names.sorted().joined(separator: ", "))"
    }

    /// A property that librdkafka or this module refuses.
    public struct Mistake: Equatable, Sendable, CustomStringConvertible {
        public var property: String
        /// What is wrong with it, without the value.
        public var reason: String

        public var description: String { "\(property): \(reason)" }
    }

    /// Every property that would be refused, so that all mistakes can be shown at once; empty when all are sound.
    public func mistakes() -> [Mistake] {
        var found: [Mistake] = []
        for role in [KafkaRole.producer, .consumer] {
            let (conf, mistakes) = build(role)
            rd_kafka_conf_destroy(conf)
            for mistake in mistakes where !found.contains(mistake) { found.append(mistake) }
        }
        return found
    }

    /// A new `rd_kafka_conf_t` for `role` that the caller owns, or one error that names every wrong property.
    ///
    /// `defaults` give way to the user's properties, which may not touch `fixed`.
    func make(_ role: KafkaRole, defaults: [String: String], fixed: [String: String]) throws(KafkaError)
        -> OpaquePointer
    {
        let (conf, mistakes) = build(role, defaults: defaults, fixed: fixed)
        if mistakes.isEmpty { return conf }
        rd_kafka_conf_destroy(conf)
        throw KafkaError(
            .configuration, name: "_INVALID_ARG",
            message: "Kafka: configuration: " + mistakes.map(\.description).joined(separator: "; "))
    }

    private func build(
        _ role: KafkaRole, defaults: [String: String] = [:], fixed: [String: String] = [:]
    ) -> (conf: OpaquePointer, mistakes: [Mistake]) {
        let own = role == .producer ? producerProperties : consumerProperties
        let chosen = properties.merging(own) { _, specific in specific }
        var mistakes: [Mistake] = []
        for (property, reason) in KafkaRole.reserved where chosen[property] != nil {
            mistakes.append(Mistake(property: property, reason: reason))
        }
        if bootstrapServers.isEmpty {
            mistakes.append(Mistake(property: "bootstrap.servers", reason: "is empty; give host:port"))
        }
        let conf: OpaquePointer = rd_kafka_conf_new()
        let allowed = chosen.filter { KafkaRole.reserved[$0.key] == nil }
        let connection = ["bootstrap.servers": bootstrapServers, "client.id": clientID]
        let all = defaults.merging(allowed) { $1 }.merging(connection) { $1 }.merging(fixed) { $1 }
        for (property, value) in all {
            if let reason = Self.set(property, value, in: conf) {
                mistakes.append(Mistake(property: property, reason: reason))
            }
        }
        return (conf, mistakes.sorted { $0.property < $1.property })
    }

    /// Sets one property; what is wrong with it, if anything is.
    private static func set(_ property: String, _ value: String, in conf: OpaquePointer) -> String? {
        var text = [CChar](repeating: 0, count: 512)
        switch rd_kafka_conf_set(conf, property, value, &text, text.count) {
        case RD_KAFKA_CONF_OK: return nil
        case RD_KAFKA_CONF_UNKNOWN: return "librdkafka has no such property"
        // librdkafka's text quotes the value.
        default: return isSecret(property) ? "the value is not allowed" : String(cCharacters: text)
        }
    }

    /// Whether a property's value must never be shown: the passwords, a private key written out, and what OAuth or
    /// Java's login is told.
    public static func isSecret(_ property: String) -> Bool {
        property.hasSuffix("password") || property.hasSuffix("secret")
            || ["ssl.key.pem", "ssl_key", "sasl.oauthbearer.config", "sasl.jaas.config"].contains(property)
    }
}
