import Commerce
import Foundation
import Kafka
import Streaming
import Synchronization

/// Reads the lists as a consumer would: keeps those that are wanted, counts all, and proves that none was lost on the way.
///
/// The embedded cluster drops silently what a partition cannot hold; offsets of a partition are contiguous, so a gap shows it.
final class ListCollector: Sendable {
    /// What has been read so far.
    struct Contents: Sendable {
        /// Lists read.
        var count = 0
        /// Wanted lists by the id of the event they were made at.
        var lists: [String: RecommendationList] = [:]
        /// Events that a list was made at.
        var triggers: Set<String> = []
        /// Why the reading ended early.
        var fault: String?
    }

    private let contents = Mutex(Contents())
    private let isStopping = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)
    private let arrived = Wake()
    private let wanted: Set<String>

    /// Keeps the lists at the events of these ids.
    init(wanted: Set<String>) { self.wanted = wanted }

    /// Starts to read `topic` from its beginning, on a thread of its own.
    func start(_ configuration: KafkaConfiguration, topic: String) throws(KafkaError) {
        let reader = Unchecked(try KafkaReader(configuration, topic: topic))
        let thread = Thread { self.read(reader.value) }
        thread.name = "lists"
        thread.start()
    }

    /// Hands the reader, which one thread at a time may use, to the thread that will.
    private struct Unchecked: @unchecked Sendable {  // made here, used on the new thread alone
        let value: KafkaReader

        init(_ value: KafkaReader) { self.value = value }
    }

    /// What has been read so far.
    var snapshot: Contents { contents.withLock { $0 } }

    /// Lists read so far.
    var count: Int { contents.withLock { $0.count } }

    /// Waits until `number` lists have been read; false when none came for `patience`, or the reading has ended.
    func wait(for number: Int, patience: Duration = .seconds(30), while proceed: () -> Bool = { true }) -> Bool {
        var deadline = ContinuousClock.now + patience
        var last = -1
        while true {
            let (count, hasFailed) = contents.withLock { ($0.count, $0.fault != nil) }
            if count >= number { return true }
            if count != last { deadline = .now + patience }
            last = count
            guard !hasFailed, ContinuousClock.now < deadline, proceed() else { return false }
            arrived.wait(upTo: .milliseconds(100))
        }
    }

    /// Ends the thread and waits until it has.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        ended.wait()
    }

    private func read(_ reader: KafkaReader) {
        let decoder = ListDecoder()
        var next: [KafkaPartition: KafkaOffset] = [:]
        while !isStopping.load(ordering: .acquiring) {
            do {
                let messages = try reader.take(limit: 1_000, timeout: .milliseconds(100))
                if messages.isEmpty { continue }
                let lists = try messages.map { message in
                    let expected = next[message.partition] ?? KafkaOffset(rawValue: 0)
                    guard message.offset == expected else {
                        throw StreamError(
                            .logDiverged,
                            "lists \(expected) to \(message.offset) of partition \(message.partition) were lost")
                    }
                    next[message.partition] = message.offset.next
                    return try decoder.decode(message.value ?? []).list
                }
                contents.withLock { contents in
                    for list in lists {
                        contents.count += 1
                        guard case .event(let id?) = list.lineage.trigger else { continue }
                        contents.triggers.insert(id)
                        if wanted.contains(id) { contents.lists[id] = list }
                    }
                }
                arrived.signal()
            } catch {
                contents.withLock { $0.fault = "\(error)" }
                arrived.signal()
                break
            }
        }
        ended.signal()
    }
}
