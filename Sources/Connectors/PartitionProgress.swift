import Streaming
import Synchronization

/// How far a partition's state has come, for those who look on from other threads.
public final class PartitionProgress: Sendable {
    private let offset: Atomic<Int64>

    public init(_ next: Offset) { offset = Atomic(next.rawValue) }

    /// The first record that is not in the state.
    public var next: Offset { Offset(offset.load(ordering: .relaxed)) }

    /// Everything below `next` is in the state.
    public func reached(_ next: Offset) { offset.store(next.rawValue, ordering: .relaxed) }
}
