import Application
import Configuration
import Dispatch
import Foundation
import LinearAlgebra
import Observability
import Streaming
import Synchronization
import Testing
import TwoTower

/// A service that a verification follows.
protocol RunningService: AnyObject {
    /// It has not ended by itself.
    var isRunning: Bool { get }
    /// So many lists have been read of it.
    func seen(lists: Int) throws
    /// Ends it in order.
    func stop() throws
}

/// The service on a thread of this process.
final class ServiceInProcess: RunningService, Sendable {
    private let shutdown = Shutdown()
    private let outcome = Mutex<Result<Void, any Error>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    init(_ settings: Settings, _ model: Model, level: InstructionSet) {
        Thread {
            let result = Result {
                _ = try level.whileInForce {
                    try ShopperService(
                        settings: settings, model: model, log: Logger(level: .warning), registry: MetricRegistry()
                    ).run(until: self.shutdown)
                }
            }
            self.outcome.withLock { $0 = result.mapError { $0 } }
            self.ended.signal()
        }.start()
    }

    var isRunning: Bool { outcome.withLock { $0 == nil } }

    func seen(lists: Int) {}

    func stop() throws {
        shutdown.request()
        ended.wait()
        try outcome.withLock { $0 }?.get()
    }
}

/// The program itself, ended by SIGKILL on its way and started again.
final class KilledProgram: RunningService {
    private let binary: String
    private let flags: [String]
    private var kills: [Int]
    private var process: Faults.ChildProcess

    init(_ flags: [String], atLists kills: [Int]) throws {
        binary = try #require(FaultsHere.binary)
        self.flags = flags
        self.kills = kills
        process = try Faults.ChildProcess(binary, ["run"] + flags)
    }

    var isRunning: Bool { process.wait(0) == nil }

    func seen(lists: Int) throws {
        guard let next = kills.first, lists >= next else { return }
        kills.removeFirst()
        process.send(SIGKILL)
        #expect(process.wait() == .signal(SIGKILL))
        process = try Faults.ChildProcess(binary, ["run"] + flags)
    }

    func stop() throws {
        #expect(kills.isEmpty, "the log ended before every kill")
        process.send(SIGTERM)
        #expect(process.wait() == .exit(0))
    }
}
