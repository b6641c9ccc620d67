import CLibrdkafka
import Synchronization

/// A Kafka cluster inside this process, on loopback: librdkafka's mock cluster, which speaks Kafka's real protocol to any
/// client on this machine.
///
/// It is for demonstrations and tests, and differs from Apache Kafka in ways that matter:
/// - A partition keeps 5 MB or 100,000 batches and silently drops the oldest beyond that: use many partitions, feed it no
///   faster than it is read, and prove that nothing was lost (offsets without a gap, watermarks).
/// - It accepts idempotent and transactional producers but enforces nothing for them, and does not compact.
/// - It has no topic administration (`createTopic` here is the mock's own call) and keeps no settings of topics. A topic
///   that any client names is made, with four partitions.
/// - A rebalance takes the session's time-out less a second (the first one 3 s): keep that low.
/// - Looking up offsets by time always answers -1, the end.
/// - Everything is gone when it is closed.
public final class EmbeddedCluster: Sendable {
    /// `host:port` of every broker.
    public let bootstrapServers: String
    private let cluster: Mutex<Owner?>

    /// The mock cluster and the client that librdkafka hangs it on; both are destroyed exactly once.
    private struct Owner: ~Copyable, @unchecked Sendable {  // used under the mutex alone
        let cluster: OpaquePointer
        let client: OpaquePointer

        deinit {
            rd_kafka_mock_cluster_destroy(cluster)
            rd_kafka_destroy(client)
        }
    }

    /// Starts `brokers` brokers on free ports of the loopback interface.
    public init(brokers: Int = 1) throws(KafkaError) {
        guard (1...100).contains(brokers) else {
            throw KafkaError(
                .configuration, name: "_INVALID_ARG",
                message: "Kafka: embedded cluster: \(brokers) brokers asked for; give 1 to 100")
        }
        var text = [CChar](repeating: 0, count: 512)
        let conf: OpaquePointer = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(conf) { _, _, _, _ in }
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &text, text.count) else {
            rd_kafka_conf_destroy(conf)
            throw KafkaError(
                .other, name: "_FAIL", message: "Kafka: embedded cluster: " + String(cCharacters: text))
        }
        guard let cluster = rd_kafka_mock_cluster_new(client, Int32(brokers)) else {
            rd_kafka_destroy(client)
            throw KafkaError(
                .other, name: "_FAIL",
                message: "Kafka: embedded cluster: no broker could listen on the loopback interface; check file limits")
        }
        bootstrapServers = rd_kafka_mock_cluster_bootstraps(cluster).map { String(cString: $0) } ?? ""
        self.cluster = Mutex(Owner(cluster: cluster, client: client))
    }

    /// Stops the brokers. Close the clients first: they would try to reconnect. More calls do no harm.
    public func close() {
        cluster.withLock { $0 = nil }
    }

    /// Creates a topic.
    public func createTopic(_ topic: String, partitions: Int) throws(KafkaError) {
        try call("creating topic \(topic) with \(partitions) partitions") {
            guard (1...100_000).contains(partitions) else { return RD_KAFKA_RESP_ERR_INVALID_PARTITIONS }
            return rd_kafka_mock_topic_create($0, topic, Int32(partitions), 1)
        }
    }

    /// A request of Kafka's protocol, by its API key.
    public struct Request: RawRepresentable, Sendable {
        public let rawValue: Int16

        public init(rawValue: Int16) { self.rawValue = rawValue }

        public static let produce = Request(rawValue: 0)
        public static let fetch = Request(rawValue: 1)
        public static let metadata = Request(rawValue: 3)
        public static let heartbeat = Request(rawValue: 12)
    }

    /// What a broker answers in place of the truth.
    public enum Fault: Sendable {
        case requestTimedOut
        case notLeader
        case messageTooLarge
        case topicAuthorizationFailed
        case outOfOrderSequence
        case unknownMember
        case unknownTopic
        case rebalanceInProgress
        /// The connection is cut.
        case disconnect

        fileprivate var code: rd_kafka_resp_err_t {
            switch self {
            case .requestTimedOut: RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT
            case .notLeader: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION
            case .messageTooLarge: RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
            case .topicAuthorizationFailed: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            case .outOfOrderSequence: RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER
            case .unknownTopic: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
            case .unknownMember: RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
            case .rebalanceInProgress: RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS
            case .disconnect: RD_KAFKA_RESP_ERR__TRANSPORT
            }
        }
    }

    /// Answers the next requests of the kind with these faults, one each.
    public func fail(_ request: Request, with faults: [Fault]) throws(KafkaError) {
        try call("injecting faults") {
            rd_kafka_mock_push_request_errors_array($0, request.rawValue, faults.count, faults.map(\.code))
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Answers every question about the topic with a fault: `.unknownTopic` is the way to a topic that is missing.
    public func fail(topic: String, with fault: Fault) throws(KafkaError) {
        try call("injecting faults") {
            rd_kafka_mock_topic_set_error($0, topic, fault.code)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Requests that a cluster which cannot be reached cuts the connection at, one after the other: more than any outage sees.
    private static let cuts = 10_000
    /// The largest API key of librdkafka's mock cluster.
    private static let largestKey: Int16 = 40

    /// Cuts the connection of every client at its next request, from the first one of a new connection on, or lets them through
    /// again.
    ///
    /// The mock's own way to take a broker down closes its listener and binds the port anew, and ends the process where that
    /// fails: as it does while a child process is on its way, which still holds the old listener.
    public func setReachable(_ isReachable: Bool) throws(KafkaError) {
        let faults = [rd_kafka_resp_err_t](repeating: RD_KAFKA_RESP_ERR__TRANSPORT, count: Self.cuts)
        try call("changing the cluster") { cluster in
            for key in 0...Self.largestKey {
                rd_kafka_mock_clear_request_errors(cluster, key)
                if !isReachable { rd_kafka_mock_push_request_errors_array(cluster, key, faults.count, faults) }
            }
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Delays every answer of the broker (1 and up).
    public func setRoundTrip(_ time: Duration, broker: Int32) throws(KafkaError) {
        try call("delaying broker \(broker)") { rd_kafka_mock_broker_set_rtt($0, broker, time.milliseconds) }
    }

    private func call(_ doing: String, _ body: (OpaquePointer) -> rd_kafka_resp_err_t) throws(KafkaError) {
        let code = cluster.withLock { owner -> rd_kafka_resp_err_t in
            switch owner {
            case .none: RD_KAFKA_RESP_ERR__DESTROY
            case .some(let owner): body(owner.cluster)
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, doing: "embedded cluster: \(doing)") }
    }
}
