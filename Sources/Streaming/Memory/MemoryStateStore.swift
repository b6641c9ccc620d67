import Commerce
import Synchronization

/// A state store held in memory, with the same rules of claim and commit as a shared one. Workers may share it.
public final class MemoryStateStore: StateStore, Sendable {
    /// What the store keeps of a partition.
    public struct Contents: Equatable, Sendable {
        /// Grows by one at every claim.
        public var epoch: Int64 = 0
        public var nonce: Nonce?
        /// Frozen at the first claim; nil before.
        public var partitionCount: Int?
        public var position: Position?
        public var values: [StateKey: [UInt8]] = [:]

        func holds(_ fence: Fence, expected: Offset?) -> Bool {
            epoch == fence.epoch && nonce == fence.nonce && position?.next == expected
        }
    }

    private let partitions = Mutex<[PartitionIndex: Contents]>([:])

    public init() {}

    /// What is kept of `partition` now.
    public func contents(of partition: PartitionIndex) -> Contents {
        partitions.withLock { $0[partition] ?? Contents() }
    }

    /// Puts `contents` in the place of what is kept of `partition`: a store that went back to an older copy of itself.
    public func restore(_ contents: Contents, of partition: PartitionIndex) {
        partitions.withLock { $0[partition] = contents }
    }

    public func claim(_ partition: PartitionIndex, nonce: Nonce, partitionCount: Int) throws(StreamError) -> Claim {
        let (claim, frozen) = partitions.withLock { partitions in
            var contents = partitions[partition] ?? Contents()
            if let frozen = contents.partitionCount, frozen != partitionCount { return (Claim?.none, frozen) }
            contents.epoch += 1
            contents.nonce = nonce
            contents.partitionCount = partitionCount
            partitions[partition] = contents
            let fence = Fence(partition: partition, epoch: contents.epoch, nonce: nonce)
            return (Claim(fence: fence, position: contents.position), partitionCount)
        }
        guard let claim else {
            throw StreamError(
                .partitionCountChanged,
                "the topic has \(partitionCount) partitions, its state was made with \(frozen): use \(StreamError.newStart)"
            )
        }
        return claim
    }

    public func holds(_ fence: Fence, expected: Offset?) throws(StreamError) -> Bool {
        contents(of: fence.partition).holds(fence, expected: expected)
    }

    public func load(_ fence: Fence, expected: Offset?, keys: [StateKey]) throws(StreamError) -> [[UInt8]?]? {
        partitions.withLock { partitions in
            guard let contents = partitions[fence.partition], contents.holds(fence, expected: expected) else {
                return nil
            }
            return keys.map { contents.values[$0] }
        }
    }

    public func commit(_ commit: Commit) throws(StreamError) -> CommitOutcome {
        partitions.withLock { partitions in
            guard var contents = partitions.removeValue(forKey: commit.fence.partition) else { return .refused }
            defer { partitions[commit.fence.partition] = contents }
            guard contents.holds(commit.fence, expected: commit.expected) else { return .refused }
            contents.position = commit.position
            for write in commit.writes { contents.values[write.key] = write.value }
            return .applied
        }
    }
}
