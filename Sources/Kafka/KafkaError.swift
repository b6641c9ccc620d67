import CLibrdkafka

/// A fault of Kafka or of the way to it.
///
/// `code` is what callers decide by; `name` is librdkafka's own name of the fault (`_TRANSPORT`,
/// `UNKNOWN_TOPIC_OR_PART`), for logs and for searching; `message` is one line with the remedy.
public struct KafkaError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Code: Equatable, Sendable {
        /// No broker answers: refused, unknown host, cut off.
        case unreachable
        /// A broker answered, but not within the time allowed.
        case timedOut
        /// Broker and client could not agree on who the client is (user, password, certificate).
        case authentication
        /// The user is known but may not do this.
        case authorization
        /// The topic or the partition does not exist.
        case unknownTopic
        /// The topic to create exists already.
        case topicExists
        /// A record or batch is larger than client or broker allow.
        case messageTooLarge
        /// The producer's bounded queue stayed full until the deadline.
        case queueFull
        /// The asked offset is not in the log: deleted by retention, or past the end.
        case offsetOutOfRange
        /// A property or a topic setting is unknown or has an impossible value.
        case configuration
        /// The broker does not speak the request (the embedded cluster has no topic administration).
        case unsupported
        /// This client was closed.
        case closed
        /// Anything else; see `name`.
        case other
    }

    public var code: Code
    /// librdkafka's name of the fault.
    public var name: String
    /// One line: what happened, where, the remedy.
    public var message: String
    /// Whether the same request may go through later.
    public var isRetriable: Bool
    /// Whether the client that reported it is of no further use and must be made anew.
    public var isFatal: Bool

    public init(_ code: Code, name: String, message: String, isRetriable: Bool = false, isFatal: Bool = false) {
        self.code = code
        self.name = name
        self.message = message
        self.isRetriable = isRetriable
        self.isFatal = isFatal
    }

    public var description: String { message }
}

extension KafkaError {
    /// The fault `error` met while `doing` something ("reading topic events"), `detail` being librdkafka's own words.
    init(_ error: rd_kafka_resp_err_t, doing: String, detail: String? = nil, isFatal: Bool = false) {
        let code = Code(error)
        let name = rd_kafka_err2name(error).map { String(cString: $0) } ?? "\(error.rawValue)"
        let words = detail ?? rd_kafka_err2str(error).map { String(cString: $0) } ?? name
        var message = "Kafka: \(doing): \(words) [\(name)]"
        if let remedy = code.remedy { message += "; \(remedy)" }
        self.init(
            code, name: name, message: message, isRetriable: !isFatal && Code.isRetriable(error), isFatal: isFatal)
    }

    /// Takes over librdkafka's error object and frees it.
    init(takingOwnershipOf error: OpaquePointer, doing: String) {
        defer { rd_kafka_error_destroy(error) }
        self.init(
            rd_kafka_error_code(error), doing: doing, detail: rd_kafka_error_string(error).map { String(cString: $0) },
            isFatal: rd_kafka_error_is_fatal(error) != 0)
    }

    /// The client was closed before or during the call.
    static func closed(_ doing: String) -> KafkaError {
        KafkaError(.closed, name: "_DESTROY", message: "Kafka: \(doing): the client was closed")
    }
}

extension KafkaError.Code {
    /// The kind of librdkafka's error code.
    init(_ error: rd_kafka_resp_err_t) {
        switch error {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE:
            self = .unreachable
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            self = .timedOut
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR__SSL,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
            self = .authentication
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
            self = .authorization
        case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
            self = .unknownTopic
        case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: self = .topicExists
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
            RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
            self = .messageTooLarge
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: self = .queueFull
        case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: self = .offsetOutOfRange
        case RD_KAFKA_RESP_ERR__INVALID_ARG, RD_KAFKA_RESP_ERR_INVALID_CONFIG, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
            RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
            RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
            self = .configuration
        case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION: self = .unsupported
        case RD_KAFKA_RESP_ERR__DESTROY: self = .closed
        default: self = .other
        }
    }

    /// What a person can do about it.
    var remedy: String? {
        switch self {
        case .unreachable: "check the bootstrap servers, and that the broker runs and can be reached from here"
        case .authentication: "check security.protocol, the mechanism, the user's name and password, the certificates"
        case .authorization: "grant this user the operation on the broker (its ACLs)"
        case .unknownTopic: "create the topic or correct its name"
        case .messageTooLarge: "raise max.message.bytes of the topic and message.max.bytes of the client"
        case .offsetOutOfRange: "the log was truncated, expired or made anew: the position must be chosen again"
        case .timedOut, .topicExists, .queueFull, .configuration, .unsupported, .closed, .other: nil
        }
    }

    /// Java's RetriableException and its like among librdkafka's own faults.
    static func isRetriable(_ error: rd_kafka_resp_err_t) -> Bool {
        switch error {
        case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
            RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__UNKNOWN_BROKER,
            RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
            RD_KAFKA_RESP_ERR_INVALID_MSG:
            true
        default: false
        }
    }
}
