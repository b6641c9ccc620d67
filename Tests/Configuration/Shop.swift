import Configuration
import Foundation

/// Settings that have a key of every kind.
struct Shop: ConfigurationSection {
    enum Mode: String, CaseIterable, ConfigurationValue {
        case quick
        case thorough
    }

    /// A place on a shelf: `3/7`.
    struct Place: WrittenValue {
        let row: Int
        let column: Int

        static var kind: String { "a place such as 3/7" }

        init(parsing text: String) throws(Refusal) {
            let parts = text.split(separator: "/").map { Int($0) }
            guard parts.count == 2, let row = parts[0], let column = parts[1] else { throw Refusal() }
            guard row > 0 else { throw Refusal("rows count from 1") }
            (self.row, self.column) = (row, column)
        }

        var text: String { "\(row)/\(column)" }
    }

    var name: String
    var size: Int
    var ratio: Double
    var strict: Bool
    var mode: Mode
    var timeout: Duration
    var limit: ByteCount
    var gap: Duration?
    var password: Secret?
    var properties: [String: Secret]
    var tags: [String]
    var places: [Place]

    init(reading keys: inout KeyReader) {
        name = keys.required("shop.name", example: "corner", accepting: .notEmpty, "Name.")
        size = keys.value("shop.size", default: 20, unit: "items", accepting: .within(1...1000), "Size.")
        ratio = keys.value("shop.ratio", default: 0.5, "Ratio.")
        strict = keys.value("shop.strict", default: true, "Strict.")
        mode = keys.value("shop.mode", default: .quick, "Mode.")
        timeout = keys.value(
            "net.time_out", default: .seconds(30), accepting: .within(.seconds(1) ... .seconds(60)), "Time.")
        limit = keys.value("net.limit", default: .mebibytes(1), "Limit.")
        gap = keys.optional("net.gap", "Gap.")
        password = keys.secret("net.password", "Password.")
        properties = keys.properties("net.properties", "Free.") { $0.hasSuffix("password") }
        tags = keys.value(
            "shop.tags", default: [], shown: "none", accepting: .each(.notEmpty), "Tags.")
        places = keys.value(
            "shop.places", default: [], shown: "none", accepting: .atMost(3, because: "the shelf is full"), "Places.")
        if size > 500, mode == .thorough { keys.refuse("shop.size", "too large for thorough mode") }
    }
}

/// A folder of a test's own, removed with it.
final class Folder {
    let url = FileManager.default.temporaryDirectory.appending(path: "breadcrumb-" + UUID().uuidString)

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes a file and gives its path.
    func file(_ name: String, _ content: String) throws -> String {
        let file = url.appending(path: name)
        try Data(content.utf8).write(to: file)
        return file.path
    }
}

/// What reading `Shop` gives; mistakes with the folder's path left out.
struct Outcome {
    let shop: Shop
    let entries: [KeyEntry]
    let mistakes: [String]

    init(
        toml: String? = nil, environment: [String: String] = [:], flags: [String] = [], ignoring: [String] = [],
        folder: Folder? = nil
    ) throws {
        let folder = try folder ?? Folder()
        var arguments = flags
        if let toml { arguments += ["--config", try folder.file("shop.toml", toml)] }
        var reader = ArgumentReader(arguments, environment: environment)
        let configured = reader.settings(Shop.self, ignoring: ignoring)
        shop = configured.settings
        entries = configured.entries
        do throws(Mistakes) {
            try reader.finish()
            mistakes = []
        } catch {
            mistakes = error.all.map { $0.description.replacing(folder.url.path + "/", with: "") }
        }
    }

    func entry(_ name: String) -> KeyEntry? { entries.first { $0.name == name } }
}
