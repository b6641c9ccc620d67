/// Settings that are read from configuration keys.
public protocol ConfigurationSection: Sendable {
    /// Declares and reads every key; what is wrong is kept by the reader.
    init(reading keys: inout KeyReader)
}

/// Reads configuration keys from defaults, a TOML file, environment variables and flags, in rising precedence.
///
/// Declaring a key is reading it: one call says name, type, default, limits and meaning, and everything else (validation, the
/// variable's and the flag's name, documentation, provenance) follows from it. Every source that names a key is
/// checked, also where another one wins. Mistakes are kept, so all are reported at once.
public struct KeyReader: Sendable {
    /// The keys read so far, in the order of their declaration.
    public internal(set) var entries: [KeyEntry] = []
    /// Holds the flags that nobody has taken yet, and all mistakes.
    var arguments: ArgumentReader
    let file: TOMLFile?
    /// A file was named and could not be read, so what is missing may stand in it.
    let isFileBroken: Bool
    /// The variables with the program's prefix.
    let environment: [String: String]
    /// Names that the file may hold; those of tables of free keys end in a dot.
    var known: Set<String> = []
    /// The same for variables; those that begin free names end in `_`.
    var knownVariables: Set<String> = []

    init(arguments: ArgumentReader, file: TOMLFile?, isFileBroken: Bool, environment: [String: String]) {
        self.arguments = arguments
        self.file = file
        self.isFileBroken = isFileBroken
        self.environment = environment.filter { $0.key.hasPrefix(KeyName.variablePrefix) }
    }

    /// A key with a default.
    ///
    /// - Parameters:
    ///   - shown: the default in the documentation, where it depends on the machine.
    ///   - unit: what an integer counts: "events".
    public mutating func value<Value: ConfigurationValue>(
        _ name: String, default standard: Value, shown: String? = nil, unit: String? = nil,
        accepting constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value {
        let found = resolve(name, constraint)
        enter(
            name, unit, constraint, standard: shown ?? standard.text, doc, (found?.value ?? standard).toml,
            found?.origin)
        return found?.value ?? standard
    }

    /// A key that may be left out.
    public mutating func optional<Value: ConfigurationValue>(
        _ name: String, unit: String? = nil, accepting constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value? {
        let found = resolve(name, constraint)
        enter(name, unit, constraint, standard: nil, doc, found?.value.toml, found?.origin)
        return found?.value
    }

    /// A key without a default that must be set. `example` is shown to whoever left it out.
    public mutating func required<Value: ConfigurationValue>(
        _ name: String, example: Value, unit: String? = nil, accepting constraint: Constraint<Value> = .any,
        _ doc: String
    ) -> Value {
        let mistakes = arguments.mistakes.count
        let found = resolve(name, constraint)
        enter(name, unit, constraint, standard: nil, doc, found?.value.toml, found?.origin)
        if found == nil, !isFileBroken, arguments.mistakes.count == mistakes {
            let entry = entries[entries.count - 1]
            arguments.refuse(
                "missing; set it in the file, \(entry.variable) or \(entry.flag), for example to \(example.text)",
                at: nil, about: name)
        }
        return found?.value ?? example
    }

    /// Adds a mistake that shows only when several keys are seen together; it is reported where the key was set.
    public mutating func refuse(_ name: String, _ message: String) {
        arguments.refuse(message, at: entries.first { $0.name == name }?.origin, about: name)
    }

    /// Checks every source that names the key; the one of highest precedence with a valid value wins.
    private mutating func resolve<Value: ConfigurationValue>(
        _ name: String, _ constraint: Constraint<Value>
    ) -> (value: Value, origin: Origin)? {
        var winner: (value: Value, origin: Origin)?
        for (origin, raw) in candidates(name) {
            switch Reading.value(raw, constraint) {
            case .success(let value): winner = (value, origin)
            case .failure(let complaints):
                for complaint in complaints.texts { arguments.refuse(complaint, at: origin, about: name) }
            }
        }
        return winner
    }

    /// What the sources say of a key, in rising precedence.
    mutating func candidates(_ name: String) -> [(origin: Origin, raw: RawValue)] {
        let (variable, flag) = (KeyName.variable(name), KeyName.flag(name))
        precondition(known.insert(name).inserted, "the key \(name) is declared twice")
        precondition(knownVariables.insert(variable).inserted, "two keys have the variable \(variable)")
        arguments.keyFlags.append(flag)
        var found: [(origin: Origin, raw: RawValue)] = []
        if let file, let node = file.node(name.split(separator: ".")) {
            found.append((file.origin(node.valuePlace), node.raw))
        }
        if let text = environment[variable] { found.append((.variable(variable), .untyped(text))) }
        if let text = arguments.takeOne(flag) { found.append((.flag("--" + flag), .untyped(text))) }
        return found
    }

    private mutating func enter<Value: ConfigurationValue>(
        _ name: String, _ unit: String?, _ constraint: Constraint<Value>, standard: String?, _ doc: String,
        _ value: String?,
        _ origin: Origin?
    ) {
        entries.append(
            KeyEntry(
                name: name, kind: Value.kind + (unit.map { " (\($0))" } ?? ""), constraint: constraint.summary,
                standard: standard,
                doc: doc, value: value, origin: origin ?? .standard))
    }
}
