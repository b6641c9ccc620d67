import CLibrdkafka
import Synchronization

/// What librdkafka's callbacks of a client reach through its opaque pointer.
final class KafkaCallbacks: Sendable {
    /// Serves a rebalance on the thread that polls: client, kind, partitions.
    typealias Rebalance =
        @Sendable (OpaquePointer, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Void

    let log: KafkaLog?
    let rebalance: Rebalance?
    let fault: (@Sendable (KafkaError) -> Void)?
    /// The last fault of the connection, which tells a bare time-out's cause.
    let connectionFault = Mutex<KafkaError?>(nil)

    init(log: KafkaLog?, rebalance: Rebalance? = nil, fault: (@Sendable (KafkaError) -> Void)? = nil) {
        self.log = log
        self.rebalance = rebalance
        self.fault = fault
    }

    /// Points `conf` here. The client that is made of it must keep this object alive.
    func install(in conf: OpaquePointer) {
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(self).toOpaque())
        rd_kafka_conf_set_log_cb(conf) { client, level, facility, message in
            guard let callbacks = KafkaCallbacks.of(client), let log = callbacks.log else { return }
            log(
                KafkaLogLevel(rawValue: level) ?? .debug, facility.map { String(cString: $0) } ?? "",
                message.map { String(cString: $0) } ?? "")
        }
        rd_kafka_conf_set_error_cb(conf) { client, code, reason, _ in
            KafkaCallbacks.of(client)?.note(rd_kafka_resp_err_t(code), reason.map { String(cString: $0) }, client)
        }
        if rebalance != nil {
            rd_kafka_conf_set_rebalance_cb(conf) { client, kind, partitions, _ in
                guard let client, let partitions else { return }
                KafkaCallbacks.of(client)?.rebalance?(client, kind, partitions)
            }
        }
    }

    private static func of(_ client: OpaquePointer?) -> KafkaCallbacks? {
        guard let client, let opaque = rd_kafka_opaque(client) else { return nil }
        return Unmanaged<KafkaCallbacks>.fromOpaque(opaque).takeUnretainedValue()
    }

    private func note(_ code: rd_kafka_resp_err_t, _ reason: String?, _ client: OpaquePointer?) {
        var error = KafkaError(code, doing: "connection", detail: reason)
        if code == RD_KAFKA_RESP_ERR__FATAL {
            var text = [CChar](repeating: 0, count: 512)
            let cause = rd_kafka_fatal_error(client, &text, text.count)
            error = KafkaError(cause, doing: "client", detail: String(cCharacters: text), isFatal: true)
        }
        connectionFault.withLock { last in
            // "All brokers are down" follows the fault that says why; a refused login outlives later disconnects.
            if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, last != nil { return }
            if last?.code == .authentication, error.code == .unreachable { return }
            last = error
        }
        fault?(error)
    }
}

/// A librdkafka client and the questions that any client can ask a cluster.
///
/// Safe to use from any thread. Every question blocks up to its time-out: never ask from the cooperative pool.
public final class KafkaClient: @unchecked Sendable {  // librdkafka's handle is thread-safe
    let pointer: OpaquePointer
    let callbacks: KafkaCallbacks
    /// The servers it was given, for messages.
    let servers: String

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
        guard let cause = callbacks.connectionFault.withLock({ $0 }) else {
            return error.code == .unreachable ? KafkaError(code, doing: "\(doing) at \(servers)") : error
        }
        return KafkaError(
            cause.code, name: cause.name, message: "Kafka at \(servers): \(doing): \(cause.message)",
            isRetriable: cause.isRetriable, isFatal: cause.isFatal)
    }
}
