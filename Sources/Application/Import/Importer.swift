import Kafka
import Streaming

/// Writes records to a topic at a bounded rate, with a bounded number on their way, and knows which were confirmed.
///
/// Records bear the wall clock's time, not their event's: retention counts from a record's timestamp, so a log of last
/// year's events would be deleted as it arrives, and an event may be older than its record, never much younger.
/// The partition is murmur2 of the key, as for every producer of the contract. Blocks the calling thread; one thread at a time.
public final class Importer {
    /// How much at once.
    public struct Limits: Sendable {
        /// Records a second; nil for as fast as the broker takes them.
        public var rate: Int?
        /// Records that are handed over and not confirmed, at most.
        public var inFlight: Int

        public init(rate: Int? = nil, inFlight: Int = 20_000) {
            self.rate = rate.map { max(1, $0) }
            self.inFlight = max(1, inFlight)
        }
    }

    /// A part of the records is not confirmed and will not be.
    public struct Fault: Error, CustomStringConvertible {
        public var cause: KafkaError
        /// From the first line that is not confirmed to the last that was handed over; all before were confirmed.
        public var unsure: ClosedRange<Int>

        public var description: String { "lines \(unsure.lowerBound) to \(unsure.upperBound): \(cause)" }
    }

    /// Records that were handed over together.
    private struct Part {
        let delivery: KafkaDelivery
        let count: Int
        let lines: ClosedRange<Int>
    }

    public let topic: String
    /// Of the topic.
    public let partitions: Int
    /// Records that the broker has confirmed, all before the first one that it has not.
    public private(set) var confirmed = 0
    private let producer: KafkaProducer
    private let wake = Wake()
    private let limits: Limits
    private let partSize: Int
    private var collected: [KafkaRecord] = []
    private var collectedLines: ClosedRange<Int>?
    private var underWay: [Part] = []
    private var inFlight = 0
    private var written = 0
    /// The rate allows the next part from then on.
    private var due = ContinuousClock.now

    /// Connects, and makes sure that the topic is there.
    ///
    /// - Parameter timeout: for the broker's first answer.
    public init(
        _ configuration: KafkaConfiguration, topic: String, limits: Limits = Limits(), timeout: Duration = .seconds(10)
    ) throws(KafkaError) {
        self.topic = topic
        self.limits = limits
        // A producer's question would make a missing topic on a broker that allows it, with any number of partitions.
        partitions = try KafkaClient(configuration).partitionCount(of: topic, timeout: timeout)
        let wake = wake
        producer = try KafkaProducer(configuration) { wake.signal() }
        // Five milliseconds' records, so that a bounded rate flows evenly.
        partSize = min(500, limits.inFlight, max(1, (limits.rate ?? .max) / 200))
    }

    /// Takes a record; waits where rate or bound demand it. `line` is its place in the input, for messages; nil numbers them.
    ///
    /// - Throws: `Fault` when an earlier record's delivery failed, `JSONError` where the record has no JSON form.
    public func write(_ record: some ContractRecord, line: Int? = nil) throws {
        let value = try record.encoded()
        written += 1
        let line = line ?? written
        collected.append(KafkaRecord(topic: topic, key: record.key, value: value))
        collectedLines = min(collectedLines?.lowerBound ?? line, line)...max(collectedLines?.upperBound ?? line, line)
        if collected.count >= partSize { try handOver() }
    }

    /// Takes all of `records`, in order; see `write(_:line:)`.
    public func write(_ records: some Sequence<some ContractRecord>) throws {
        for record in records { try write(record) }
    }

    /// Hands over what is left and waits until every record is confirmed. Nothing can be written afterwards.
    public func finish() throws {
        try handOver()
        while !underWay.isEmpty {
            try settle()
            if !underWay.isEmpty { wake.wait(upTo: .seconds(1)) }
        }
        producer.close(timeout: .seconds(5))
    }

    private func handOver() throws {
        guard let lines = collectedLines, !collected.isEmpty else { return }
        try waitForTurn()
        while inFlight > 0, inFlight + collected.count > limits.inFlight {
            try settle()
            if inFlight + collected.count > limits.inFlight { wake.wait(upTo: .seconds(1)) }
        }
        let delivery = try producer.produce(collected)
        underWay.append(Part(delivery: delivery, count: collected.count, lines: lines))
        inFlight += collected.count
        collected.removeAll(keepingCapacity: true)
        collectedLines = nil
        try settle()
    }

    /// Waits until the rate allows the collected records; deliveries that fail meanwhile are noticed.
    private func waitForTurn() throws {
        guard let rate = limits.rate else { return }
        while case let wait = due - ContinuousClock.now, wait > .zero {
            wake.wait(upTo: wait)
            try settle()
        }
        due = max(due, .now) + .seconds(Double(collected.count) / Double(rate))
    }

    /// Takes off what was confirmed; throws when something failed.
    private func settle() throws(Fault) {
        while let part = underWay.first {
            switch part.delivery.state {
            case .pending: return
            case .failed(let error): throw fault(error, from: part.lines.lowerBound)
            case .delivered:
                underWay.removeFirst()
                inFlight -= part.count
                confirmed += part.count
            }
        }
    }

    /// Gives up: what is on its way may still arrive, so everything from the first failure on is unsure.
    private func fault(_ cause: KafkaError, from first: Int) -> Fault {
        producer.close(timeout: .seconds(5))
        let last = underWay.last?.lines.upperBound ?? first
        return Fault(cause: cause, unsure: first...max(first, last))
    }
}
