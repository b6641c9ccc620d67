import Configuration

/// A configuration to make lists by, and what it is called.
struct RuleChoice {
    let name: String
    let settings: Settings
}

extension ArgumentReader {
    /// Reads which rules to put beside one another: first those of the configuration in force, then the same with one rule changed, each time
    /// another. Empty after a mistake.
    mutating func ruleChoices() -> [RuleChoice] {
        let file: String? = option(
            "config", accepting: .notEmpty,
            "The configuration file (TOML), whose filters and rules are the first row; BREADCRUMB_CONFIG may name it too. Without one there are none."
        )
        var tries = repeated(
            "try", kind: "KEY=VALUE",
            "A row with one key of rules changed: diversity=0.3, exploration=0.1, 'caps=brand = 2'. Not given: some weights of diversity."
        )
        if tries.isEmpty { tries = ["0.1", "0.2", "0.3", "0.5", "0.7"].map { "diversity=\($0)" } }
        let keys = Settings.declaredKeys().map(\.name).filter { $0.hasPrefix("rules.") }.map { $0.dropFirst(6) }
        // Nobody asks a Kafka, so none need be named.
        let flags = ["--kafka-bootstrap-servers=none"] + (file.map { ["--config=\($0)"] } ?? [])
        guard let configured = ruleSettings(flags) else { return [] }
        var choices = [RuleChoice(name: "as configured", settings: configured)]
        for change in tries {
            let parts = change.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, keys.contains(parts[0]) else {
                let near = Suggestion.clause(for: String(parts[0]), among: keys.map(String.init))
                refuse("\(change) is not KEY=VALUE with a key of rules\(near)", at: .flag("--try"))
                continue
            }
            if parts[0].hasPrefix("repurchase") {
                refuse(
                    "\(change) changes nothing here: the queries ask for what is new to a user, so all that a user has had is left "
                        + "out of every row", at: .flag("--try"))
                continue
            }
            let flag = "--rules-\(parts[0].map { $0 == "_" ? "-" : String($0) }.joined())=\(parts[1])"
            if let settings = ruleSettings(flags + [flag], at: .flag("--try")) {
                choices.append(RuleChoice(name: change, settings: settings))
            }
        }
        return choices
    }

    /// The configuration in force with these flags; nil after a mistake, which is told as one of `origin` where it is one of a flag.
    private mutating func ruleSettings(_ flags: [String], at origin: Origin? = nil) -> Settings? {
        var reader = ArgumentReader(flags, environment: environment)
        let settings = reader.settings().settings
        do throws(Mistakes) {
            try reader.finish()
            return settings
        } catch {
            for mistake in error.all {
                refuse(mistake.message, at: origin ?? mistake.origin, about: mistake.subject)
            }
            return nil
        }
    }
}
