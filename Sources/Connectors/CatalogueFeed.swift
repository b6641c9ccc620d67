import Commerce
import Foundation
import Kafka
import Streaming
import Synchronization

/// Reads the catalogue topic into the live catalogue: first the whole of it, up to the watermarks found at the start,
/// then every change as it arrives.
public final class CatalogueFeed: Sendable {
    /// What the feed's owner hears; called on the feed's threads.
    public enum Event: Sendable {
        /// Records of the first reading, and how many there are at most.
        case loading(records: Int, of: Int)
        /// A record that could not be taken: where, and why.
        case refused(partition: Int32, offset: Int64, reason: String)
        /// Changes that took effect.
        case applied(Int)
        /// The topic cannot be read for now, and the feed tries again; nil when it has been read again.
        case fault(KafkaError?)
        /// The topic does not reach back to where the feed was, so it is read from its beginning, beside the searches. Items that it no
        /// longer holds stay until the next start.
        case readAnew(KafkaError)
        /// The topic has other partitions than before; all are read.
        case partitions(Int)
    }

    private let configuration: KafkaConfiguration
    private let topic: String
    private let catalogue: LiveCatalogue
    private let observe: @Sendable (Event) -> Void
    private let isStopping = Atomic<Bool>(false)
    private let wake = Wake()
    private let ended = DispatchSemaphore(value: 0)

    /// Records applied together in the first reading: each application makes a snapshot.
    private static let chunk = 20_000
    /// How often the topic is asked for its partitions: one that is added holds items from then on.
    private static let partitionsAsked = Duration.seconds(30)

    public init(
        _ configuration: KafkaConfiguration, topic: String, catalogue: LiveCatalogue,
        observe: @escaping @Sendable (Event) -> Void
    ) {
        self.configuration = configuration
        self.topic = topic
        self.catalogue = catalogue
        self.observe = observe
    }

    /// Reads the whole topic and waits for the index's plan, then starts the thread that follows the topic.
    ///
    /// - Parameter isWanted: asked at least twice a second.
    /// - Returns: the number of records read; nil if that was no longer wanted, and then no thread is started.
    public func load(while isWanted: () -> Bool = { true }) throws(KafkaError) -> Int? {
        let reader = try KafkaReader(configuration, topic: topic)
        let decoder = CatalogueDecoder()
        let total = reader.progress.remaining
        var waiting: [KafkaMessage] = []
        var count = 0
        observe(.loading(records: 0, of: total))
        try reader.readToEnd(while: isWanted) { message in
            waiting.append(message)
            count += 1
            if waiting.count >= CatalogueFeed.chunk {
                apply(waiting, decoder, isReading: true)
                waiting = []
                observe(.loading(records: count, of: total))
            }
        }
        guard isWanted() else { return nil }
        apply(waiting, decoder, isReading: true)
        // Also the partitions without records: a list names how far it has seen each.
        for (partition, position) in reader.progress.positions {
            catalogue.apply([], partition: partition.rawValue, next: position.rawValue, isReading: true)
        }
        observe(.loading(records: count, of: count))
        guard catalogue.waitForPlan(while: isWanted) else { return nil }
        let positions = reader.progress.positions
        let thread = Thread { self.follow(from: positions) }
        thread.name = "catalogue"
        thread.start()
        return count
    }

    /// Ends the thread and waits until it has.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        ended.wait()
    }

    private var isRunning: Bool { !isStopping.load(ordering: .acquiring) }

    private func follow(from start: [KafkaPartition: KafkaOffset]) {
        let decoder = CatalogueDecoder()
        var positions = start
        while isRunning {
            do throws(KafkaError) {
                let reader = try KafkaReader(configuration, topic: topic, from: positions)
                observe(.fault(nil))
                try follow(reader, decoder, &positions)
            } catch {
                if error.code == .offsetOutOfRange {
                    positions = [:]
                    observe(.readAnew(error))
                } else {
                    observe(.fault(error))
                    wake.wait(upTo: .seconds(2))
                }
            }
        }
        ended.signal()
    }

    /// Applies what comes until the feed is stopped or the topic has other partitions.
    private func follow(
        _ reader: KafkaReader, _ decoder: CatalogueDecoder, _ positions: inout [KafkaPartition: KafkaOffset]
    ) throws(KafkaError) {
        var asked = ContinuousClock.now
        while isRunning {
            let messages = try reader.take(limit: 1_000, timeout: .milliseconds(200))
            if !messages.isEmpty { apply(messages, decoder) }
            positions = reader.progress.positions
            guard asked.duration(to: .now) > Self.partitionsAsked else { continue }
            asked = .now
            // No answer is no reason to stop: the reader says what is wrong with the connection.
            if let count = try? reader.client.partitionCount(of: topic, timeout: .seconds(1)), count != positions.count
            {
                return observe(.partitions(count))
            }
        }
    }

    private func apply(_ messages: [KafkaMessage], _ decoder: CatalogueDecoder, isReading: Bool = false) {
        for (partition, messages) in Dictionary(grouping: messages, by: \.partition) {
            guard let last = messages.last else { continue }
            let changes = messages.map { decoder.decode(key: $0.key, value: $0.value) }
            let refused = catalogue.apply(
                changes, partition: partition.rawValue, next: last.offset.next.rawValue, isReading: isReading)
            for (place, reason) in refused {
                observe(
                    .refused(
                        partition: partition.rawValue, offset: messages[place].offset.rawValue, reason: reason))
            }
            observe(.applied(changes.count - refused.count))
        }
    }
}
