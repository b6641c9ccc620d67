/// Reads the arguments of one command, one declaration at a time.
///
/// Declaring an option is reading it: each call says name, type, default and meaning, takes its value from the arguments and
/// enters it into the help. Mistakes are kept until `finish`, so all are reported at once; until then a wrong value
/// reads as its default or example. Options are declared before positional arguments.
public struct ArgumentReader: Sendable {
    /// The help was asked for: nothing else of the arguments counts.
    public let wantsHelp: Bool
    /// Mistakes so far.
    public private(set) var mistakes: [Mistake] = []
    let environment: [String: String]
    private(set) var options: [Option] = []
    private(set) var positionals: [Positional] = []
    /// The flags of the configuration keys, without dashes; empty for a command that reads no configuration.
    var keyFlags: [String] = []
    /// What no declaration has taken yet, before and after `--`.
    private var rest: [String]
    private var operands: [String]

    struct Option: Sendable {
        let name: String
        /// Nil for a switch.
        let kind: String?
        let standard: String?
        let doc: String
    }

    struct Positional: Sendable {
        let name: String
        let doc: String
        let repeats: Bool
    }

    /// - Parameter arguments: what follows the command's name.
    public init(_ arguments: [String], environment: [String: String] = [:]) {
        let parts = arguments.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false)
        rest = parts.first.map(Array.init) ?? []
        operands = parts.count > 1 ? Array(parts[1]) : []
        wantsHelp = rest.contains("--help") || rest.contains("-h")
        self.environment = environment
    }

    /// A switch: `--json`.
    public mutating func flag(_ name: String, _ doc: String) -> Bool {
        options.append(Option(name: name, kind: nil, standard: nil, doc: doc))
        let count = rest.count
        rest.removeAll { $0 == "--" + name }
        if let text = rest.first(where: { $0.hasPrefix("--\(name)=") }) {
            rest.removeAll { $0 == text }
            refuse("takes no value", at: .flag("--" + name))
        }
        return rest.count < count
    }

    /// An option with a default: `--limit 10` or `--limit=10`.
    public mutating func option<Value: ConfigurationValue>(
        _ name: String, default standard: Value, _ constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value {
        read(name, constraint, doc, standard: standard.text) ?? standard
    }

    /// An option that may be left out.
    public mutating func option<Value: ConfigurationValue>(
        _ name: String, _ constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value? {
        read(name, constraint, doc, standard: nil)
    }

    /// An option that must be given. `example` is shown to whoever left it out.
    public mutating func required<Value: ConfigurationValue>(
        _ name: String, example: Value, _ constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value {
        let count = mistakes.count
        if let value = read(name, constraint, doc, standard: nil) { return value }
        if mistakes.count == count { refuse("missing; for example --\(name) \(example.text)", at: .flag("--" + name)) }
        return example
    }

    /// An argument by its position, which must be given.
    public mutating func positional<Value: ConfigurationValue>(
        _ name: String, example: Value, _ constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value {
        positionals.append(Positional(name: name, doc: doc, repeats: false))
        refuseUnknownOptions()
        guard !rest.isEmpty || !operands.isEmpty else {
            refuse("missing; for example \(example.text)", at: nil, about: name)
            return example
        }
        let text = rest.isEmpty ? operands.removeFirst() : rest.removeFirst()
        switch Reading.value(.untyped(text), constraint) {
        case .success(let value): return value
        case .failure(let complaint):
            refuse(complaint.text, at: nil, about: name)
            return example
        }
    }

    /// All further arguments; there may be none.
    public mutating func remaining(_ name: String, _ doc: String) -> [String] {
        positionals.append(Positional(name: name, doc: doc, repeats: true))
        refuseUnknownOptions()
        defer { (rest, operands) = ([], []) }
        return rest + operands
    }

    /// Adds a mistake of the caller's finding.
    public mutating func refuse(_ message: String, at origin: Origin?, about subject: String? = nil) {
        mistakes.append(Mistake(message, at: origin, about: subject))
    }

    /// Ends the reading. Throws all mistakes, those about arguments that nobody declared among them.
    public mutating func finish() throws(Mistakes) {
        refuseUnknownOptions()
        for argument in rest + operands { refuse("unexpected argument", at: nil, about: argument) }
        guard mistakes.isEmpty else { throw Mistakes(mistakes) }
    }

    /// Takes every `--name value` and `--name=value`. One that lacks its value is a mistake.
    mutating func take(_ name: String) -> [String] {
        let flag = "--" + name
        var values: [String] = []
        var index = 0
        while index < rest.count {
            if rest[index].hasPrefix(flag + "=") {
                values.append(String(rest.remove(at: index).dropFirst(flag.count + 1)))
            } else if rest[index] == flag {
                rest.remove(at: index)
                if index < rest.count, !rest[index].hasPrefix("--") {
                    values.append(rest.remove(at: index))
                } else {
                    refuse("needs a value", at: .flag(flag))
                }
            } else {
                index += 1
            }
        }
        return values
    }

    /// As `take`, for what can be given once only.
    mutating func takeOne(_ name: String) -> String? {
        let values = take(name)
        if values.count > 1 { refuse("given \(values.count) times; it can be given once", at: .flag("--" + name)) }
        return values.first
    }

    private mutating func read<Value: ConfigurationValue>(
        _ name: String, _ constraint: Constraint<Value>, _ doc: String, standard: String?
    ) -> Value? {
        options.append(Option(name: name, kind: Value.kind, standard: standard, doc: doc))
        guard let text = takeOne(name) else { return nil }
        switch Reading.value(.untyped(text), constraint) {
        case .success(let value): return value
        case .failure(let complaint):
            refuse(complaint.text, at: .flag("--" + name))
            return nil
        }
    }

    /// Every option is declared by now: what still looks like one is unknown. So is the value behind it, if what was meant takes one.
    private mutating func refuseUnknownOptions() {
        while let index = rest.firstIndex(where: { $0.hasPrefix("-") && $0 != "-" && Double($0) == nil }) {
            let argument = rest.remove(at: index)
            if ["--help", "-h"].contains(argument) { continue }
            let name = String(argument.prefix { $0 != "=" })
            let known = options.map { "--" + $0.name } + keyFlags.map { "--" + $0 }
            let meant = Suggestion.nearest(to: name, among: known)
            refuse(
                "unknown option" + (meant.map { "; did you mean \($0)?" } ?? "; --help lists what there is"),
                at: .flag(name))
            let isSwitch = options.contains { "--" + $0.name == meant && $0.kind == nil }
            if meant != nil, !isSwitch, name == argument, index < rest.count, !rest[index].hasPrefix("-") {
                rest.remove(at: index)
            }
        }
    }
}
