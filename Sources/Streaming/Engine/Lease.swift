import Synchronization

/// Whether a process may still produce for a partition that the group gave it.
///
/// The thread that serves the group revokes the lease when the group takes the partition away; the worker asks right
/// before it produces. A process that was frozen finds its lease stale before it can produce anything.
public final class Lease: Sendable {
    private let revoked = Atomic<Bool>(false)
    private let isFresh: @Sendable () -> Bool

    /// A lease that also asks `isFresh`: whether the group was heard of recently enough, by a clock that goes on while
    /// the process is frozen.
    public init(isFresh: @escaping @Sendable () -> Bool) { self.isFresh = isFresh }

    /// The partition was taken away, for good.
    public func revoke() { revoked.store(true, ordering: .releasing) }

    /// The partition was taken away.
    public var isRevoked: Bool { revoked.load(ordering: .acquiring) }

    /// Neither revoked nor stale.
    public var isValid: Bool { !isRevoked && isFresh() }
}
