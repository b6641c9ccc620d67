import Commerce
import Kafka
import Streaming

/// The topics that a process's output goes to, through one shared producer.
public final class KafkaSink: Sink {
    /// The topic of each destination.
    public struct Topics: Sendable {
        public var lists: String
        public var deadLetters: String

        public init(lists: String, deadLetters: String) {
            self.lists = lists
            self.deadLetters = deadLetters
        }

        fileprivate subscript(destination: Destination) -> String {
            switch destination {
            case .lists: lists
            case .deadLetters: deadLetters
            }
        }
    }

    /// The header with the wall-clock time at which a record was handed over: the payloads hold event times alone.
    public static let timeHeader = "breadcrumb.published_at"

    private let producer: KafkaProducer
    private let topics: Topics
    private let clock: @Sendable () -> EventTime

    /// - Parameter clock: the wall clock, for `timeHeader`.
    public init(_ producer: KafkaProducer, topics: Topics, clock: @escaping @Sendable () -> EventTime) {
        self.producer = producer
        self.topics = topics
        self.clock = clock
    }

    public func produce(_ records: [OutputRecord]) throws(StreamError) -> any Delivery {
        let time = [KafkaHeader(name: KafkaSink.timeHeader, value: Array(clock().rfc3339.utf8))]
        let records = records.map { record in
            KafkaRecord(
                topic: topics[record.destination], key: record.key, value: record.value,
                headers: record.headers.isEmpty
                    ? time : record.headers.map { KafkaHeader(name: $0.name, value: $0.value) } + time)
        }
        do throws(KafkaError) {
            return SinkDelivery(try producer.produce(records))
        } catch {
            throw StreamError(error)
        }
    }
}

/// A batch on its way to Kafka. A fault that remains after librdkafka's own retries is `.unavailable` where a later
/// attempt may succeed, and otherwise `.permanent` (too large, not authorised).
private final class SinkDelivery: Delivery {
    private let delivery: KafkaDelivery

    init(_ delivery: KafkaDelivery) { self.delivery = delivery }

    var state: DeliveryState {
        switch delivery.state {
        case .pending: .pending
        case .delivered: .delivered
        case .failed(let error): .failed(StreamError(error))
        }
    }
}
