import Application
import Foundation
import Testing

@Suite("The wish to end")
struct ShutdownTests {
    @Test("A signal that comes as soon as signals are listened to is heard")
    func signalAtOnce() async throws {
        try await onThread {
            let shutdown = Shutdown()
            shutdown.listenForSignals()
            kill(getpid(), SIGTERM)
            let deadline = ContinuousClock.now + .seconds(10)
            while !shutdown.isRequested, ContinuousClock.now < deadline { shutdown.wake.wait(upTo: .milliseconds(100)) }
            #expect(shutdown.isRequested)
        }
    }
}
