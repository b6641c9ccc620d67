import Configuration

/// Prints the values in force with where each came from, or the documented list of keys.
struct ConfigCommand: Command {
    static let name = "config"
    static let abstract = "Prints the configuration in force, or the list of all keys."

    private let report: String

    init(reading arguments: inout ArgumentReader) {
        let keys = arguments.flag(
            "keys", "Prints every key with its meaning, range, default, variable and flag instead.")
        let markdown = arguments.flag("markdown", "Prints that list as a Markdown table.")
        if keys || markdown {
            let declared = Settings.declaredKeys()
            report = markdown ? KeyReport.markdown(declared) : KeyReport.documentation(declared)
        } else {
            report = KeyReport.values(arguments.settings().entries)
        }
    }

    func run() -> ExitCode {
        print(report, terminator: "")
        return .success
    }
}
