import Commerce

/// The random name a worker takes at each claim, so that two claims with the same epoch (a store that lost its last
/// writes) still differ.
public struct Nonce: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The right to write a partition's state.
public struct Fence: Hashable, Sendable {
    public var partition: PartitionIndex
    /// Grows by one at every claim.
    public var epoch: Int64
    public var nonce: Nonce

    public init(partition: PartitionIndex, epoch: Int64, nonce: Nonce) {
        self.partition = partition
        self.epoch = epoch
        self.nonce = nonce
    }
}

/// The last record that was applied to a partition's state: how a truncated or recreated topic is noticed.
public struct AppliedRecord: Equatable, Sendable {
    public var timestamp: EventTime
    /// CRC-32 of the record's value (an absent value counts as empty).
    public var crc: UInt32

    public init(timestamp: EventTime, crc: UInt32) {
        self.timestamp = timestamp
        self.crc = crc
    }
}

/// Where a partition's state stands.
public struct Position: Equatable, Sendable {
    /// The first record that is not in the state.
    public var next: Offset
    /// The record before `next`; nil where nothing has been applied yet.
    public var last: AppliedRecord?

    public init(next: Offset, last: AppliedRecord?) {
        self.next = next
        self.last = last
    }
}

/// What a claim found.
public struct Claim: Equatable, Sendable {
    public var fence: Fence
    /// Nil where the partition has never had a committed position.
    public var position: Position?

    public init(fence: Fence, position: Position?) {
        self.fence = fence
        self.position = position
    }
}

/// The key of a record of state within its partition, without the partition's tag: `u:42`.
public struct StateKey: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public init(_ rawValue: String) { self.rawValue = rawValue }

    public init(stringLiteral value: String) { rawValue = value }

    /// Equal bytes, as in the store: two spellings of one text are two keys.
    public static func == (left: StateKey, right: StateKey) -> Bool {
        Identifier.areEqual(left.rawValue, right.rawValue)
    }

    public var description: String { rawValue }
}

/// A write of one state record.
public struct StateWrite: Equatable, Sendable {
    public var key: StateKey
    public var value: [UInt8]

    public init(key: StateKey, value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// An atomic change of a partition: all of it or nothing.
public struct Commit: Equatable, Sendable {
    public var fence: Fence
    /// The next offset the store must still hold; nil where it holds none yet.
    public var expected: Offset?
    public var position: Position
    public var writes: [StateWrite]

    public init(fence: Fence, expected: Offset?, position: Position, writes: [StateWrite]) {
        self.fence = fence
        self.expected = expected
        self.position = position
        self.writes = writes
    }
}

/// What became of a commit.
public enum CommitOutcome: Equatable, Sendable {
    case applied
    /// Owner, epoch or previous offset differ: nothing was written.
    case refused
}

/// The store of a stage's state, by partition.
///
/// A store is used by one worker thread at a time; each thread has its own. Every call waits for the answer.
/// A call that fails (`StreamError`) may or may not have been applied: after a failed commit the worker claims again.
public protocol StateStore: AnyObject {
    /// Takes the partition: epoch + 1 and `nonce`, whoever held it before.
    ///
    /// `partitionCount` is frozen at the first claim; another count is `StreamError.Code.partitionCountChanged`.
    func claim(_ partition: PartitionIndex, nonce: Nonce, partitionCount: Int) throws(StreamError) -> Claim

    /// Whether the store still shows the fence's owner and epoch, and `expected` as the next offset.
    func holds(_ fence: Fence, expected: Offset?) throws(StreamError) -> Bool

    /// The stored values of `keys`, in their order, nil where there is none; or nil for all where `holds` would be false.
    ///
    /// The check and the reading are one atomic step: values of another owner, or older ones that a store which lost
    /// writes fell back to, do not belong to the position that the worker computes from.
    func load(_ fence: Fence, expected: Offset?, keys: [StateKey]) throws(StreamError) -> [[UInt8]?]?

    /// Compare-and-set on (nonce, epoch, previous next offset): writes everything or, on any mismatch, nothing.
    func commit(_ commit: Commit) throws(StreamError) -> CommitOutcome
}
