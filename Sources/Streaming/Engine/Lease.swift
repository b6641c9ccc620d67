import Synchronization

/// Whether a process may still produce for a partition that the group gave it.
///
/// The thread that serves the group renews the lease at each poll and revokes it when the group takes the partition
/// away; the worker asks right before it produces. A process that was frozen finds its lease expired before it can
/// produce anything.
public final class Lease: Sendable {
    private let revoked = Atomic<Bool>(false)
    private let renewedAt: Atomic<Int64>
    private let length: Int64
    private let clock: @Sendable () -> Int64

    /// A lease of `length` nanoseconds from its last renewal, by `clock`, a monotonic time in nanoseconds that goes on
    /// while the process is frozen.
    public init(length: Int64, clock: @escaping @Sendable () -> Int64) {
        self.length = length
        self.clock = clock
        renewedAt = Atomic(clock())
    }

    /// The group was heard of just now.
    public func renew() { renewedAt.store(clock(), ordering: .releasing) }

    /// The partition was taken away, for good.
    public func revoke() { revoked.store(true, ordering: .releasing) }

    /// The partition was taken away.
    public var isRevoked: Bool { revoked.load(ordering: .acquiring) }

    /// Neither revoked nor expired.
    public var isValid: Bool {
        !isRevoked && clock() &- renewedAt.load(ordering: .acquiring) < length
    }
}
