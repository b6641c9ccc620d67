import Configuration
import Foundation
import Observability
import TwoTower

/// Runs the stream until it is asked to stop.
struct RunCommand: Command {
    static let name = "run"
    static let abstract = "Reads events, keeps shoppers' states and publishes refreshed lists, until SIGTERM."

    private let settings: Settings

    init(reading arguments: inout ArgumentReader) { settings = arguments.settings().settings }

    func run() throws -> ExitCode {
        let log = Logger(level: settings.log.level, format: settings.log.format)
        let model = try Model.serving(settings.model.path)
        let shutdown = Shutdown()
        shutdown.listenForSignals()
        try ShopperService(
            settings: settings, model: model, planFolder: settings.model.path, log: log, registry: MetricRegistry()
        ).run(until: shutdown)
        log.info("stopped")
        return .success
    }
}

extension Model {
    /// The checkpoint at `path`.
    ///
    /// - Throws: `CheckpointError`; where there is none, with the way to make one.
    static func serving(_ path: String) throws -> Model {
        guard FileManager.default.fileExists(atPath: path) else {
            throw MissingCheckpoint(path: path)
        }
        return try Model.load(from: URL(fileURLWithPath: path, isDirectory: true))
    }

    /// There is no checkpoint.
    struct MissingCheckpoint: Error, CustomStringConvertible {
        let path: String

        var description: String {
            "no checkpoint at \(path): make one with `breadcrumb train --events FILE --items FILE --model \(path)`, or name "
                + "another folder with --model-path"
        }
    }
}
