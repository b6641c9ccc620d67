import Application
import Configuration
import Foundation

/// The settings of a file and flags beside the one key that must be set, with all mistakes.
struct SomeSettings {
    let settings: Settings
    /// Of the file by its line and column.
    let mistakes: [String]

    init(toml: String? = nil, _ flags: [String] = []) throws {
        var arguments = ["--kafka-bootstrap-servers", "k:9092"] + flags
        let file = FileManager.default.temporaryDirectory.appending(path: "breadcrumb-\(UUID().uuidString).toml")
        defer { try? FileManager.default.removeItem(at: file) }
        if let toml {
            try Data(toml.utf8).write(to: file)
            arguments += ["--config", file.path]
        }
        var reader = ArgumentReader(arguments)
        settings = reader.settings().settings
        do throws(Mistakes) {
            try reader.finish()
            mistakes = []
        } catch {
            mistakes = error.all.map { $0.description.replacing(file.path + ":", with: "") }
        }
    }
}
