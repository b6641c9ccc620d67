import Dispatch
import Foundation
import Streaming
import Synchronization

/// The wish to end, and the way to wait for it.
public final class Shutdown: Sendable {
    /// Signalled when the wish is made; others may signal it for reasons of their own.
    public let wake = Wake()
    private let requested = Atomic<Bool>(false)
    private let sources = Mutex<[SignalSource]>([])

    // Unchecked: dispatch sources are thread-safe, only not declared so.
    private struct SignalSource: @unchecked Sendable {
        let source: any DispatchSourceSignal
    }

    public init() {}

    /// Whether someone asked to end.
    public var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Asks to end.
    public func request() {
        requested.store(true, ordering: .releasing)
        wake.signal()
    }

    /// Makes SIGTERM and SIGINT such a request; a second one ends the process at once. Returns when both are listened to: a
    /// source is registered on a thread of Dispatch, and a signal that came before that would be missed.
    public func listenForSignals() {
        let registered = DispatchSemaphore(value: 0)
        for number in [SIGTERM, SIGINT] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                if isRequested { _exit(128 + number) }
                request()
            }
            source.setRegistrationHandler { registered.signal() }
            source.resume()
            registered.wait()
            let kept = SignalSource(source: source)
            sources.withLock { $0.append(kept) }
        }
    }

    /// Calls `body` until it succeeds, fails for good, or the end is asked for; between attempts it waits, longer each
    /// time, up to five seconds. Nil where the end was asked for.
    func patiently<Value>(
        while isTemporary: (any Error) -> Bool, waiting: (any Error) -> Void, _ body: () throws -> Value
    ) throws -> Value? {
        var pause = Duration.milliseconds(250)
        while !isRequested {
            do { return try body() } catch  where isTemporary(error) {
                waiting(error)
                wake.wait(upTo: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
        return nil
    }
}
