import JSON
import Synchronization

/// Whether the process can do its work, as named checks that its components set.
public final class Readiness: Sendable {
    /// What a check says.
    public enum State: Equatable, Sendable {
        case ready
        /// The work is done, but not as it should be: why, in a few words.
        case warning(String)
        /// Why not, in a few words: "4,211 of 9,000 catalogue records read".
        case waiting(String)

        var isReady: Bool { if case .waiting = self { false } else { true } }
    }

    private let checks: Mutex<[(name: String, state: State)]>

    /// The checks that have to be set to ready, in the order in which they are shown.
    public init(_ names: [String]) {
        checks = Mutex(names.map { ($0, .waiting("not started")) })
    }

    /// Sets a check; a name that is new is added.
    public func set(_ name: String, _ state: State) {
        checks.withLock { checks in
            if let index = checks.firstIndex(where: { $0.name == name }) {
                checks[index].state = state
            } else {
                checks.append((name, state))
            }
        }
    }

    /// No check is waiting.
    public var isReady: Bool {
        checks.withLock { $0.allSatisfy { $0.state.isReady } }
    }

    /// `{"status":"waiting","checks":{"kafka":{"ready":true},"catalogue":{"ready":false,"reason":"…"}}}`
    package var report: (isReady: Bool, json: [UInt8]) {
        let checks = checks.withLock { $0 }
        let isReady = checks.allSatisfy { $0.state.isReady }
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("status")
            writer.string(isReady ? "ready" : "waiting")
            writer.name("checks")
            writer.object { writer in
                for (name, state) in checks {
                    writer.name(name)
                    writer.object { writer in
                        writer.name("ready")
                        writer.bool(state.isReady)
                        switch state {
                        case .ready: break
                        case .warning(let reason):
                            writer.name("warning")
                            writer.string(reason)
                        case .waiting(let reason):
                            writer.name("reason")
                            writer.string(reason)
                        }
                    }
                }
            }
        }
        return (isReady, writer.bytes + [UInt8(ascii: "\n")])
    }
}
