import CLibrdkafka
import Synchronization

/// What librdkafka's callbacks of a client reach through its opaque pointer.
final class KafkaCallbacks: Sendable {
    /// Serves a rebalance on the thread that polls: client, kind, partitions.
    typealias Rebalance =
        @Sendable (OpaquePointer, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> Void

    let log: KafkaLog?
    let rebalance: Rebalance?
    /// Hears of faults of the connection; without it they go to the log.
    let fault: (@Sendable (KafkaError) -> Void)?
    private let connectionFault = Mutex<(error: KafkaError, at: ContinuousClock.Instant)?>(nil)

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

    /// The last fault of the connection, if it is recent enough to be the cause of what fails now.
    var recentFault: KafkaError? {
        guard let last = connectionFault.withLock({ $0 }), .now - last.at < .seconds(60) else { return nil }
        return last.error
    }

    static func of(_ client: OpaquePointer?) -> KafkaCallbacks? {
        guard let client, let opaque = rd_kafka_opaque(client) else { return nil }
        return Unmanaged<KafkaCallbacks>.fromOpaque(opaque).takeUnretainedValue()
    }

    private func note(_ code: rd_kafka_resp_err_t, _ reason: String?, _ client: OpaquePointer?) {
        let error =
            code == RD_KAFKA_RESP_ERR__FATAL
            ? KafkaError(fatal: client, doing: "client") : KafkaError(code, doing: "connection", detail: reason)
        connectionFault.withLock { last in
            // "All brokers are down" follows the fault that says why; a refused login outlives later disconnects.
            if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, last != nil { return }
            if last?.error.code == .authentication, error.code == .unreachable { return }
            last = (error, .now)
        }
        if let fault { fault(error) } else { log?(.error, error.name, error.message) }
    }
}
