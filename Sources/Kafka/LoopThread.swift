import Foundation

/// A thread that calls one function over and over until it is told to stop.
///
/// Blocking C calls must not run on the cooperative pool.
final class LoopThread: @unchecked Sendable {  // every mutable field is guarded by `condition`
    private let condition = NSCondition()
    private var isStopping = false
    private var isRunning = false
    private var thread: Thread?

    /// Starts calling `step`, each call bounded by a time-out of its own; `finish` is called once at the end.
    func start(name: String, step: @escaping @Sendable () -> Void, finish: @escaping @Sendable () -> Void = {}) {
        let thread = Thread { [self] in
            while !condition.withLock({ isStopping }) { step() }
            finish()
            condition.withLock {
                isRunning = false
                self.thread = nil
                condition.broadcast()
            }
        }
        thread.name = name
        condition.withLock {
            isRunning = true
            self.thread = thread
        }
        thread.start()
    }

    /// Ends the loop after the call under way and waits for the thread, unless called on it; more calls do no harm.
    func stop() {
        condition.withLock {
            isStopping = true
            while isRunning, Thread.current !== thread { condition.wait() }
        }
    }
}
