import CLibrdkafka
import Synchronization

/// The delivery of one batch of produced records.
public final class KafkaDelivery: Sendable {
    /// How far a delivery has come.
    public enum State: Equatable, Sendable {
        /// Some records are not acknowledged yet and none has failed.
        case pending
        /// Every record was acknowledged by the broker.
        case delivered
        /// A record failed for good; records after it may or may not have been delivered.
        case failed(KafkaError)
    }

    private let outstanding: Atomic<Int>
    private let hasFailed = Atomic<Bool>(false)
    private let failure = Mutex<KafkaError?>(nil)
    private let completed: @Sendable () -> Void

    /// A delivery of `count` records; `completed` is called once, at the last acknowledgement or the first failure.
    init(count: Int, completed: @escaping @Sendable () -> Void) {
        outstanding = Atomic(count)
        self.completed = completed
    }

    /// Never waits.
    public var state: State {
        if hasFailed.load(ordering: .acquiring), let failure = failure.withLock({ $0 }) { return .failed(failure) }
        return outstanding.load(ordering: .acquiring) == 0 ? .delivered : .pending
    }

    /// The opaque pointer of each of its messages. It holds the delivery until the last of them is settled.
    func retainedOpaque() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

    /// Settles the message of a delivery report.
    static func settle(_ message: UnsafePointer<rd_kafka_message_t>) {
        guard let opaque = message.pointee._private else { return }
        let delivery = Unmanaged<KafkaDelivery>.fromOpaque(opaque).takeUnretainedValue()
        var failure: KafkaError?
        if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
            let topic = rd_kafka_topic_name(message.pointee.rkt).map { String(cString: $0) } ?? "?"
            failure = KafkaError(message.pointee.err, doing: "delivering to \(topic)[\(message.pointee.partition)]")
        }
        delivery.settle(1, failure)
    }

    /// Counts `count` records as settled; the one that settles the last gives up the reference of `retainedOpaque`.
    func settle(_ count: Int, _ error: KafkaError?) {
        var isFirstFailure = false
        if let error {
            failure.withLock { first in
                isFirstFailure = first == nil
                first = first ?? error
            }
            hasFailed.store(true, ordering: .releasing)
        }
        let left = outstanding.subtract(count, ordering: .acquiringAndReleasing).newValue
        if isFirstFailure || (left == 0 && !hasFailed.load(ordering: .acquiring)) { completed() }
        if left == 0 { Unmanaged.passUnretained(self).release() }
    }
}
