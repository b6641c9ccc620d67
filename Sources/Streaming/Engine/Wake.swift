import Dispatch
import Synchronization

/// Lets one thread wait until another has something for it. Signals do not add up: one wait takes them all.
public final class Wake: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let signalled = Atomic<Bool>(false)

    public init() {}

    /// Ends the present or the next wait. May be called from any thread, C callbacks included.
    public func signal() {
        if !signalled.exchange(true, ordering: .acquiringAndReleasing) { semaphore.signal() }
    }

    /// Returns at the next signal, or after `limit`.
    public func wait(upTo limit: Duration) {
        let (seconds, attoseconds) = limit.components
        let nanoseconds = Int(clamping: seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        _ = semaphore.wait(timeout: .now() + .nanoseconds(nanoseconds))
        signalled.store(false, ordering: .releasing)
    }
}
