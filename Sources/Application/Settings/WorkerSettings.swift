import Configuration
import Foundation

/// How the work is spread.
public struct WorkerSettings: ConfigurationSection {
    /// Threads that work on partitions.
    public var threads: Int
    /// Most events of one commit.
    public var batch: Int
    /// Batches of a partition under way at once.
    public var batchesInFlight: Int
    /// Records of shoppers that a partition keeps in memory.
    public var cacheUsers: Int
    /// How long a new partition waits for Redis.
    public var claimTimeout: Duration

    /// Declares and reads the keys.
    public init(reading keys: inout KeyReader) {
        threads = keys.value(
            "workers.threads", default: ProcessInfo.processInfo.activeProcessorCount, shown: "one per core",
            unit: "threads",
            accepting: .within(1...256), "Threads that work on partitions.")
        batch = keys.value(
            "workers.batch", default: 256, unit: "events", accepting: .within(1...4096),
            "Most events of a partition that are worked on and committed together.")
        batchesInFlight = keys.value(
            "workers.batches_in_flight", default: 2, unit: "batches", accepting: .within(1...8),
            "Batches of a partition under way at once: one is computed while the one before waits for its delivery.")
        cacheUsers = keys.value(
            "workers.cache_users", default: 10_000, unit: "shoppers", accepting: .within(0...10_000_000),
            "Records of shoppers that are kept in memory, and as many of those they share, for each partition.")
        claimTimeout = keys.value(
            "workers.claim_timeout", default: .seconds(30), accepting: .within(.seconds(1) ... .seconds(240)),
            "How long a new partition waits for Redis before it is given up.")
    }
}
