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
        /// The topic cannot be read for now; the feed tries again.
        case fault(KafkaError?)
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

    public init(
        _ configuration: KafkaConfiguration, topic: String, catalogue: LiveCatalogue,
        observe: @escaping @Sendable (Event) -> Void
    ) {
        self.configuration = configuration
        self.topic = topic
        self.catalogue = catalogue
        self.observe = observe
    }

    /// Reads the whole topic and waits for the index's plan, then starts the thread that follows the topic. Returns the number of
    /// records read.
    public func load() throws(KafkaError) -> Int {
        let reader = try KafkaReader(configuration, topic: topic)
        let decoder = CatalogueDecoder()
        let total = reader.progress.remaining
        var waiting: [KafkaMessage] = []
        var count = 0
        observe(.loading(records: 0, of: total))
        try reader.readToEnd { message in
            waiting.append(message)
            count += 1
            if waiting.count >= CatalogueFeed.chunk {
                apply(waiting, decoder)
                waiting = []
                observe(.loading(records: count, of: total))
            }
        }
        apply(waiting, decoder)
        // Also the partitions without records: a list names how far it has seen each.
        for (partition, position) in reader.progress.positions {
            catalogue.apply([], partition: partition.rawValue, next: position.rawValue)
        }
        observe(.loading(records: count, of: count))
        catalogue.waitForPlan()
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
                while isRunning {
                    let messages = try reader.take(limit: 1_000, timeout: .milliseconds(200))
                    if !messages.isEmpty { apply(messages, decoder) }
                    positions = reader.progress.positions
                }
            } catch {
                observe(.fault(error))
                wake.wait(upTo: .seconds(2))
            }
        }
        ended.signal()
    }

    private func apply(_ messages: [KafkaMessage], _ decoder: CatalogueDecoder) {
        for (partition, messages) in Dictionary(grouping: messages, by: \.partition) {
            guard let last = messages.last else { continue }
            var changes: [CatalogueChange] = []
            for message in messages {
                let change = decoder.decode(key: message.key, value: message.value)
                if case .refused(let fault) = change {
                    observe(
                        .refused(
                            partition: partition.rawValue, offset: message.offset.rawValue, reason: fault.description))
                } else {
                    changes.append(change)
                }
            }
            let refused = catalogue.apply(changes, partition: partition.rawValue, next: last.offset.next.rawValue)
            for (item, reason) in refused {
                observe(
                    .refused(
                        partition: partition.rawValue, offset: last.offset.rawValue,
                        reason: "\(item.rawValue): \(reason)"))
            }
            observe(.applied(changes.count))
        }
    }
}
