import CLibrdkafka
import Dispatch

/// A topic to create.
public struct KafkaNewTopic: Equatable, Sendable {
    public var name: String
    /// How many to create it with.
    public var partitions: Int
    /// Nil: the broker's default.
    public var replicationFactor: Int?
    /// Settings by Kafka's names (`cleanup.policy`); what is not named is the broker's default.
    public var settings: [String: String]

    public init(name: String, partitions: Int, replicationFactor: Int? = nil, settings: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.settings = settings
    }
}

/// A topic as the cluster has it.
public struct KafkaTopicDescription: Equatable, Sendable {
    /// The value of a setting and whether it is the broker's default.
    public struct Setting: Equatable, Sendable {
        /// Nil where the broker hides it.
        public var value: String?
        public var isDefault: Bool

        public init(value: String?, isDefault: Bool) {
            self.value = value
            self.isDefault = isDefault
        }
    }

    public var name: String
    /// How many there are.
    public var partitions: Int
    /// Of the first partition: how many brokers are to hold a copy.
    public var replicationFactor: Int
    /// Every setting, by Kafka's name.
    public var settings: [String: Setting]
}

/// Creates and describes topics.
///
/// The embedded cluster has no topic administration: `names` and partition counts work there, the rest throws
/// `.unsupported`. Every call may block up to its time-out: never call it from the cooperative pool.
public final class KafkaAdmin: Sendable {
    public let client: KafkaClient

    /// A client of its own, which creates no topic by asking for it.
    /// - Throws: `KafkaError` if librdkafka refuses the configuration.
    public init(_ configuration: KafkaConfiguration) throws(KafkaError) {
        client = try KafkaClient(
            configuration, role: .consumer, fixed: ["allow.auto.create.topics": "false"])
    }

    /// The names of all topics, sorted.
    public func names(timeout: Duration) throws(KafkaError) -> [String] {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client.pointer, 1, nil, &metadata, timeout.milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw client.error(code, doing: "listing topics")
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        return (0..<Int(metadata.pointee.topic_cnt))
            .compactMap { metadata.pointee.topics?[$0].topic.map { String(cString: $0) } }.sorted()
    }

    /// Creates a topic and waits until the cluster shows it; `.topicExists` where it is there already.
    public func create(_ topic: KafkaNewTopic, timeout: Duration) throws(KafkaError) {
        let deadline = ContinuousClock.now + timeout
        try request(topic, timeout: timeout)
        try waitUntilKnown(topic.name, timeout: deadline.remaining)
    }

    /// Waits until the cluster shows a topic that was just created: a broker learns of it a moment after the controller has
    /// made it, and whoever asks in between is told that there is none.
    public func waitUntilKnown(_ topic: String, timeout: Duration) throws(KafkaError) {
        let (deadline, pause) = (ContinuousClock.now + timeout, DispatchSemaphore(value: 0))
        while true {
            do throws(KafkaError) {
                _ = try describe(topic, timeout: max(deadline.remaining, .seconds(1)))
                return
            } catch {
                guard error.code == .unknownTopic, deadline.remaining > .zero else { throw error }
                _ = pause.wait(timeout: .now() + .milliseconds(50))
            }
        }
    }

    private func request(_ topic: KafkaNewTopic, timeout: Duration) throws(KafkaError) {
        let doing = "creating topic \(topic.name)"
        var text = [CChar](repeating: 0, count: 512)
        var request = rd_kafka_NewTopic_new(
            topic.name, Int32(clamping: topic.partitions), Int32(clamping: topic.replicationFactor ?? -1), &text,
            text.count)
        if request == nil {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, doing: doing, detail: String(cCharacters: text))
        }
        defer { rd_kafka_NewTopic_destroy(request) }
        for (name, value) in topic.settings { rd_kafka_NewTopic_set_config(request, name, value) }
        try ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, doing: doing, timeout: timeout) { options, queue in
            rd_kafka_CreateTopics(client.pointer, &request, 1, options, queue)
        } read: { (event) throws(KafkaError) in
            var count = 0
            guard let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            else { return }
            for index in 0..<count {
                let code = rd_kafka_topic_result_error(results[index])
                let detail = rd_kafka_topic_result_error_string(results[index]).map { String(cString: $0) }
                if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, doing: doing, detail: detail) }
            }
        }
    }

    /// A topic's partitions and settings; `.unknownTopic` where there is none.
    public func describe(_ topic: String, timeout: Duration) throws(KafkaError) -> KafkaTopicDescription {
        let (partitions, replicas) = try client.size(of: topic, timeout: timeout)
        return KafkaTopicDescription(
            name: topic, partitions: partitions, replicationFactor: replicas,
            settings: try settings(of: topic, timeout: timeout))
    }

    private func settings(
        of topic: String, timeout: Duration
    ) throws(KafkaError) -> [String: KafkaTopicDescription.Setting] {
        let doing = "reading the settings of topic \(topic)"
        var resource: OpaquePointer? = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        var settings: [String: KafkaTopicDescription.Setting] = [:]
        try ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, doing: doing, timeout: timeout) { options, queue in
            rd_kafka_DescribeConfigs(client.pointer, &resource, 1, options, queue)
        } read: { (event) throws(KafkaError) in
            var count = 0
            let result = rd_kafka_event_DescribeConfigs_result(event)
            guard let answered = rd_kafka_DescribeConfigs_result_resources(result, &count), count == 1 else {
                throw KafkaError(RD_KAFKA_RESP_ERR__FAIL, doing: doing, detail: "the broker's answer names no topic")
            }
            let code = rd_kafka_ConfigResource_error(answered[0])
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(
                    code, doing: doing,
                    detail: rd_kafka_ConfigResource_error_string(answered[0]).map { String(cString: $0) })
            }
            var entryCount = 0
            guard let entries = rd_kafka_ConfigResource_configs(answered[0], &entryCount) else { return }
            for index in 0..<entryCount {
                guard let name = rd_kafka_ConfigEntry_name(entries[index]) else { continue }
                settings[String(cString: name)] = KafkaTopicDescription.Setting(
                    value: rd_kafka_ConfigEntry_value(entries[index]).map { String(cString: $0) },
                    isDefault: rd_kafka_ConfigEntry_is_default(entries[index]) != 0)
            }
        }
        return settings
    }

    /// Sends one request of administration, waits for its answer and reads it.
    private func ask(
        _ operation: rd_kafka_admin_op_t, doing: String, timeout: Duration,
        send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void,
        read: (_ event: OpaquePointer) throws(KafkaError) -> Void
    ) throws(KafkaError) {
        try refuseEmbeddedCluster(doing, timeout)
        let queue = rd_kafka_queue_new(client.pointer)
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(client.pointer, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = [CChar](repeating: 0, count: 512)
        rd_kafka_AdminOptions_set_request_timeout(options, timeout.milliseconds, &text, text.count)
        if operation == RD_KAFKA_ADMIN_OP_CREATETOPICS {
            // The controller answers when it has made the topic, not when it has taken the request.
            rd_kafka_AdminOptions_set_operation_timeout(options, timeout.milliseconds, &text, text.count)
        }
        send(options, queue)
        // librdkafka answers by its own time-out; the second more is for its answer to arrive.
        guard let event = rd_kafka_queue_poll(queue, (timeout + .seconds(1)).milliseconds) else {
            throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT, doing: doing)
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw client.error(code, doing: doing) }
        try read(event)
    }

    /// The mock cluster never names a controller, so a request of administration would wait for one until its time-out.
    private func refuseEmbeddedCluster(_ doing: String, _ timeout: Duration) throws(KafkaError) {
        guard let name = rd_kafka_clusterid(client.pointer, timeout.milliseconds) else {
            throw client.error(RD_KAFKA_RESP_ERR__TIMED_OUT, doing: doing)
        }
        defer { rd_kafka_mem_free(client.pointer, name) }
        guard String(cString: name).hasPrefix("mockCluster") else { return }
        throw KafkaError(
            .unsupported, name: "_UNSUPPORTED_FEATURE",
            message: "Kafka at \(client.servers): \(doing): the embedded cluster has no topic administration; "
                + "create topics through it, or use Apache Kafka")
    }
}
