import CLibrdkafka

/// A librdkafka client and the questions that any client can ask a cluster.
///
/// Safe to use from any thread. Every question blocks up to its time-out: never ask from the cooperative pool.
public final class KafkaClient: @unchecked Sendable {  // librdkafka's handle is thread-safe
    let pointer: OpaquePointer
    let callbacks: KafkaCallbacks
    /// The servers it was given, for messages.
    let servers: String

    /// librdkafka's version, as loaded.
    public static var libraryVersion: String { String(cString: rd_kafka_version_str()) }

    /// A client that only asks: offsets committed by `group`, watermarks, partitions. It joins no group.
    public convenience init(_ configuration: KafkaConfiguration, group: String? = nil) throws(KafkaError) {
        try self.init(
            configuration, role: .consumer,
            fixed: group.map { ["group.id": $0, "enable.auto.commit": "false"] } ?? [:])
    }

    init(
        _ configuration: KafkaConfiguration, role: KafkaRole, defaults: [String: String] = [:],
        fixed: [String: String] = [:], callbacks: KafkaCallbacks? = nil,
        adjust: (OpaquePointer) -> Void = { _ in }
    ) throws(KafkaError) {
        let callbacks = callbacks ?? KafkaCallbacks(log: configuration.log)
        let conf = try configuration.make(role, defaults: defaults, fixed: fixed)
        callbacks.install(in: conf)
        adjust(conf)
        var text = [CChar](repeating: 0, count: 512)
        let type = role == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let pointer = rd_kafka_new(type, conf, &text, text.count) else {
            rd_kafka_conf_destroy(conf)
            throw KafkaError(
                .configuration, name: "_INVALID_ARG", message: "Kafka: configuration: " + String(cCharacters: text))
        }
        self.pointer = pointer
        self.callbacks = callbacks
        self.servers = configuration.bootstrapServers
    }

    // A consumer leaves its group in `close`; destroying must not wait for that again.
    deinit { rd_kafka_destroy_flags(pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }

    /// The error of a question, with the connection's last fault where that is the cause of a time-out.
    func error(_ code: rd_kafka_resp_err_t, doing: String) -> KafkaError {
        rd_kafka_poll(pointer, 0)
        let error = KafkaError(code, doing: doing)
        guard error.code == .timedOut || error.code == .unreachable else { return error }
        guard let cause = callbacks.recentFault else { return KafkaError(code, doing: "\(doing) at \(servers)") }
        return KafkaError(cause, doing: "\(doing) at \(servers)")
    }

    /// A property of time as it is in force.
    func milliseconds(of property: String) -> Duration {
        var text = [CChar](repeating: 0, count: 64)
        var size = text.count
        guard rd_kafka_conf_get(rd_kafka_conf(pointer), property, &text, &size) == RD_KAFKA_CONF_OK,
            let value = Int64(String(cCharacters: text))
        else { return .zero }
        return .milliseconds(value)
    }
}
