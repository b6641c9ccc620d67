/// Settings with the keys they were read from.
public struct Configured<Settings: ConfigurationSection>: Sendable {
    /// Not to be used after a mistake.
    public let settings: Settings
    /// In the order of their declaration.
    public let entries: [KeyEntry]
}

extension ArgumentReader {
    /// Reads settings from the file that `--config` or `BREADCRUMB_CONFIG` names (there need be none), the environment, and
    /// the flags among the arguments. After a mistake the settings are not to be used; `finish` throws it.
    ///
    /// - Parameter ignored: variables with the program's prefix that are no keys and belong to others.
    public mutating func settings<Settings: ConfigurationSection>(
        _ type: Settings.Type, ignoring ignored: [String] = []
    ) -> Configured<Settings> {
        let path: String? =
            option(
                "config", accepting: .notEmpty,
                "The configuration file (TOML); \(KeyName.fileVariable) may name it too.")
            ?? environment[KeyName.fileVariable]
        var file: TOMLFile?
        var isFileBroken = false
        if let path, !wantsHelp {
            do throws(Mistakes) {
                file = try TOMLFile(path: path)
            } catch {
                isFileBroken = true
                for mistake in error.all { refuse(mistake.message, at: mistake.origin, about: mistake.subject) }
            }
        }
        var reader = KeyReader(
            arguments: self, file: file, isFileBroken: isFileBroken, environment: environment)
        let settings = Settings(reading: &reader)
        reader.refuseUnknown(ignoring: ignored + [KeyName.fileVariable])
        self = reader.arguments
        return Configured(settings: settings, entries: reader.entries)
    }
}
