import Dispatch
import Synchronization

/// How long to go on while Redis is away, and the way to cut that short at shutdown.
///
/// The pause doubles from `first` to `longest`, shortened at random by up to half so that many workers do not return
/// together; all attempts end within about `total`. One instance is shared by the workers of a process.
public final class RedisPatience: Sendable {
    public let first: Duration
    public let longest: Duration
    public let total: Duration
    private let stopped = Atomic(false)
    private let wake = DispatchSemaphore(value: 0)

    /// `total` of zero means one attempt.
    public init(
        first: Duration = .milliseconds(20), longest: Duration = .seconds(1),
        total: Duration = .seconds(10)
    ) {
        self.first = first
        self.longest = longest
        self.total = total
    }

    /// Ends every wait, now and later: attempts go on failing at once.
    public func stop() {
        stopped.store(true, ordering: .releasing)
        wake.signal()
    }

    /// Calls `body` until it succeeds, fails for good, time is up, or `stop` was called; then its last error is thrown.
    public func attempt<Value>(_ body: () throws(RedisError) -> Value) throws(RedisError) -> Value {
        let deadline = ContinuousClock.now + total
        var pause = first
        while true {
            do {
                return try body()
            } catch {
                guard error.isRetriable, ContinuousClock.now + pause <= deadline,
                    wait(pause * Double.random(in: 0.5...1))
                else { throw error }
                pause = min(pause * 2, longest)
            }
        }
    }

    /// Waits for `pause`; false as soon as `stop` was called.
    private func wait(_ pause: Duration) -> Bool {
        if !stopped.load(ordering: .acquiring) {
            let parts = pause.components
            let nanoseconds =
                Int(clamping: parts.seconds) * 1_000_000_000 + Int(parts.attoseconds / 1_000_000_000)
            _ = wake.wait(timeout: .now() + .nanoseconds(nanoseconds))
        }
        guard stopped.load(ordering: .acquiring) else { return true }
        // One signal wakes one waiter: hand it on.
        wake.signal()
        return false
    }
}
