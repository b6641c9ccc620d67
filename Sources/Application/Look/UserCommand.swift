import Commerce
import Configuration

/// Shows what is known of one shopper: history, state, purchases and the newest list.
struct UserCommand: Command {
    static let name = "user"
    static let abstract = "Shows what is known of one shopper: history, state, purchases and the newest list."

    private let isJSON: Bool
    private let probe: ShopperProbe

    init(reading arguments: inout ArgumentReader) {
        isJSON = arguments.flag("json", "Prints one line of JSON instead of tables.")
        let isAnonymous = arguments.flag("anonymous", "The ID is an anonymous visitor's.")
        let timeout = arguments.kafkaTimeout()
        let settings = arguments.settings().settings
        let id = arguments.positional(
            "ID", example: "u42", accepting: Self.identifier,
            "The shopper's identifier as the shop writes it; put -- before one that begins with a dash.")
        probe = ShopperProbe(settings: settings, shopper: isAnonymous ? .anonymous(id) : .known(id), timeout: timeout)
    }

    func run() throws -> ExitCode {
        let report = try probe.report()
        print(isJSON ? report.json : report.text, terminator: "")
        return report.findings.areHarmless ? .success : .failure
    }

    private static let identifier = Constraint<String>("1 to \(Identifier.maximumLength) bytes") { id in
        (1...Identifier.maximumLength).contains(id.utf8.count)
            ? nil : "no shopper's identifier, which has 1 to \(Identifier.maximumLength) bytes"
    }
}
