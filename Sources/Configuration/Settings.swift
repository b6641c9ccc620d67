/// Settings with the keys they were read from.
public struct Configured<Settings: ConfigurationSection>: Sendable {
    public let settings: Settings
    /// In the order of their declaration.
    public let entries: [KeyEntry]
}

extension ArgumentReader {
    /// Variables that are no keys: the file's path, and what only tests and scripts read.
    public static let otherVariables = ["BREADCRUMB_CONFIG", "BREADCRUMB_DATA", "BREADCRUMB_TEST_"]

    /// Reads settings from the file that `--config` or `BREADCRUMB_CONFIG` names (there need be none), the environment, and
    /// the flags among the arguments. After a mistake the settings are not to be used; `finish` throws it.
    public mutating func settings<Settings: ConfigurationSection>(_ type: Settings.Type) -> Configured<Settings> {
        let path: String? =
            option("config", .notEmpty, "The configuration file (TOML); BREADCRUMB_CONFIG may name it too.")
            ?? environment["BREADCRUMB_CONFIG"]
        var file: TOMLFile?
        if let path, !wantsHelp {
            do throws(Mistakes) {
                file = try TOMLFile(path: path)
            } catch {
                for mistake in error.all { refuse(mistake.message, at: mistake.origin, about: mistake.subject) }
            }
        }
        var reader = KeyReader(arguments: self, file: file, environment: environment)
        let settings = Settings(reading: &reader)
        reader.refuseUnknown(ignoring: Self.otherVariables)
        self = reader.arguments
        return Configured(settings: settings, entries: reader.entries)
    }
}
