import Connectors
import Kafka
import Observability
import Streaming
import Synchronization

/// Keeps account of a process's partitions: tells log, metrics and readiness what happens to them, offers those that
/// could not be claimed again, and says when the process cannot go on.
final class Supervisor: Sendable {
    typealias Event = GroupRunner<ShopperStage>.Event

    private struct Account {
        var hasJoined = false
        var owned: Set<PartitionIndex> = []
        var failed: [PartitionIndex: StreamError] = [:]
        var unclaimed: Set<PartitionIndex> = []
        var retrying: [PartitionIndex: StreamError] = [:]
        var nextOffer: ContinuousClock.Instant?
        var pause = Supervisor.shortestPause
        var fatal: StreamError?
        var connectionFault: String?
    }

    private static let shortestPause = Duration.milliseconds(250)
    private static let longestPause = Duration.seconds(15)

    private let account = Mutex(Account())
    private let log: Logger
    private let readiness: Readiness
    private let wake: Wake
    private let metrics: Metrics

    private struct Metrics: Sendable {
        let owned: Gauge
        let stopped: Gauge
        let claimsLost: Counter
        let partitionFaults: Counter
        let kafkaFaults: Counter
    }

    init(log: Logger, registry: MetricRegistry, readiness: Readiness, wake: Wake) {
        self.log = log
        self.readiness = readiness
        self.wake = wake
        metrics = Metrics(
            owned: registry.gauge(
                "breadcrumb_partitions_owned", "Partitions that the group has given to this process."),
            stopped: registry.gauge(
                "breadcrumb_partitions_stopped", "Partitions that stand still until someone helps."),
            claimsLost: registry.counter(
                "breadcrumb_claims_lost_total", "Claims that ended because another owner or lost writes were met."),
            partitionFaults: registry.counter(
                "breadcrumb_store_faults_total", "Times that Redis or Kafka held up a partition."),
            kafkaFaults: registry.counter("breadcrumb_kafka_faults_total", "Faults of the connection to Kafka."))
    }

    /// Why the process must stop, if it must.
    var fatal: StreamError? { account.withLock { $0.fatal } }

    /// Partitions whose worker has stopped for good.
    var failed: [PartitionIndex: StreamError] { account.withLock { $0.failed } }

    /// True, once, when partitions are due to be offered again.
    func isOfferDue() -> Bool {
        account.withLock { account in
            guard let due = account.nextOffer, due <= .now else { return false }
            account.nextOffer = nil
            return true
        }
    }

    /// Takes an event in; called on any thread.
    func take(_ event: Event) {
        account.withLock { account in
            note(event, &account)
            metrics.owned.set(account.owned.count)
            metrics.stopped.set(account.failed.count)
            readiness.set("partitions", Supervisor.state(account))
        }
        wake.signal()
    }

    private func note(_ event: Event, _ account: inout Account) {
        switch event {
        case .assigned(let partitions):
            account.hasJoined = true
            account.connectionFault = nil
            account.owned.formUnion(partitions)
            account.unclaimed.formUnion(partitions)
            log.info("partitions assigned", ["partitions": LogValue(Supervisor.list(partitions))])
        case .revoked(let partitions):
            account.owned.subtract(partitions)
            account.unclaimed.subtract(partitions)
            for partition in partitions {
                account.failed[partition] = nil
                account.retrying[partition] = nil
            }
            log.info("partitions revoked", ["partitions": LogValue(Supervisor.list(partitions))])
        case .claimed(let partition):
            account.unclaimed.remove(partition)
            if account.unclaimed.isEmpty { account.pause = Supervisor.shortestPause }
        case .unclaimed(let partition, let error):
            if error == nil { metrics.claimsLost.add() } else { metrics.partitionFaults.add() }
            account.unclaimed.insert(partition)
            if account.nextOffer == nil {
                account.nextOffer = .now + account.pause
                account.pause = min(account.pause * 2, Supervisor.longestPause)
            }
            log.warning(
                "partition not claimed, it will be offered again",
                [
                    "partition": LogValue(partition.description),
                    "reason": LogValue(error?.message ?? "another owner or lost writes"),
                ])
        case .failed(let partition, let error):
            account.failed[partition] = error
            account.unclaimed.remove(partition)
            log.error(
                "partition stopped", ["partition": LogValue(partition.description), "reason": LogValue(error.message)])
        case .refused(let partition, let error):
            account.failed[partition] = error
            account.fatal = account.fatal ?? error
        case .retrying(let partition, let error):
            if let error {
                metrics.partitionFaults.add()
                if account.retrying.isEmpty {
                    log.warning(
                        "waiting", ["partition": LogValue(partition.description), "reason": LogValue(error.message)])
                }
            } else if account.retrying.count == 1 {
                log.info("going on", ["partition": LogValue(partition.description)])
            }
            account.retrying[partition] = error
        case .connection(let error):
            metrics.kafkaFaults.add()
            if account.connectionFault != error.name {
                log.warning("kafka", ["reason": LogValue(error.message)])
                account.connectionFault = error.name
            }
            if error.isFatal {
                account.fatal = account.fatal ?? StreamError(.permanent, error.message)
            }
        }
    }

    private static func state(_ account: Account) -> Readiness.State {
        if !account.hasJoined { return .waiting("joining the group") }
        if let (partition, error) = account.failed.min(by: { $0.key < $1.key }) {
            return .waiting("partition \(partition) stands still: \(error.message)")
        }
        if !account.unclaimed.isEmpty { return .waiting("unclaimed partitions: \(list(Array(account.unclaimed)))") }
        if let (partition, error) = account.retrying.min(by: { $0.key < $1.key }) {
            return .waiting("partition \(partition): \(error.message)")
        }
        return .ready
    }

    private static func list(_ partitions: [PartitionIndex]) -> String {
        partitions.sorted().map(\.description).joined(separator: ",")
    }
}
