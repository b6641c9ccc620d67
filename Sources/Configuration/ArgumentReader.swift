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
    /// The process's environment, as it was given.
    public let environment: [String: String]
    private(set) var options: [Option] = []
    private(set) var positionals: [Positional] = []
    /// The flags of the configuration keys, without dashes; empty for a command that reads no configuration.
    var keyFlags: [String] = []
    /// What no declaration has taken yet, before and after `--`.
    private var rest: [Argument]
    private var operands: [String]

    /// An argument with its place, so that one behind another is still known when those between were taken.
    private struct Argument: Sendable {
        let place: Int
        let text: String
    }

    private static let helpFlags = ["--help", "-h"]

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
        rest = (parts.first ?? []).enumerated().map { Argument(place: $0.offset, text: $0.element) }
        operands = parts.count > 1 ? Array(parts[1]) : []
        wantsHelp = rest.contains { Self.helpFlags.contains($0.text) }
        self.environment = environment
    }

    /// A switch: `--json`.
    public mutating func flag(_ name: String, _ doc: String) -> Bool {
        options.append(Option(name: name, kind: nil, standard: nil, doc: doc))
        let count = rest.count
        rest.removeAll { $0.text == "--" + name }
        let isGiven = rest.count < count
        rest.removeAll { $0.text.hasPrefix("--\(name)=") }
        if rest.count + (isGiven ? 1 : 0) < count { refuse("takes no value", at: .flag("--" + name)) }
        return isGiven
    }

    /// An option with a default: `--limit 10` or `--limit=10`.
    public mutating func option<Value: ConfigurationValue>(
        _ name: String, default standard: Value, accepting constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value {
        read(name, constraint, doc, standard: standard.text) ?? standard
    }

    /// An option that may be left out.
    public mutating func option<Value: ConfigurationValue>(
        _ name: String, accepting constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value? {
        read(name, constraint, doc, standard: nil)
    }

    /// An option that must be given. `example` is shown to whoever left it out.
    public mutating func required<Value: ConfigurationValue>(
        _ name: String, example: Value, accepting constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value {
        let count = mistakes.count
        if let value = read(name, constraint, doc, standard: nil) { return value }
        if mistakes.count == count { refuse("missing; for example --\(name) \(example.text)", at: .flag("--" + name)) }
        return example
    }

    /// An option that may be given any number of times: `--column a=b --column c=d`. In the order given.
    public mutating func repeated(_ name: String, kind: String, _ doc: String) -> [String] {
        options.append(Option(name: name, kind: kind, standard: nil, doc: doc + " May be given several times."))
        return take(name)
    }

    /// An argument by its position, which must be given.
    public mutating func positional<Value: ConfigurationValue>(
        _ name: String, example: Value, accepting constraint: Constraint<Value> = .any, _ doc: String
    ) -> Value {
        positionals.append(Positional(name: name, doc: doc, repeats: false))
        refuseUnknownOptions()
        guard !rest.isEmpty || !operands.isEmpty else {
            refuse("missing; for example \(example.text)", at: nil, about: name)
            return example
        }
        let text = rest.isEmpty ? operands.removeFirst() : rest.removeFirst().text
        switch Reading.value(.untyped(text), constraint) {
        case .success(let value): return value
        case .failure(let complaints):
            for complaint in complaints.texts { refuse(complaint, at: nil, about: name) }
            return example
        }
    }

    /// All further arguments; there may be none.
    public mutating func remaining(_ name: String, _ doc: String) -> [String] {
        positionals.append(Positional(name: name, doc: doc, repeats: true))
        refuseUnknownOptions()
        defer { (rest, operands) = ([], []) }
        return untaken
    }

    /// Adds a mistake of the caller's finding.
    public mutating func refuse(_ message: String, at origin: Origin?, about subject: String? = nil) {
        mistakes.append(Mistake(message, at: origin, about: subject))
    }

    /// Ends the reading. Throws all mistakes, those about arguments that nobody declared among them.
    public mutating func finish() throws(Mistakes) {
        refuseUnknownOptions()
        for argument in untaken { refuse("unexpected argument", at: nil, about: argument) }
        guard mistakes.isEmpty else { throw Mistakes(mistakes) }
    }

    /// Takes every `--name value` and `--name=value`. One that lacks its value is a mistake.
    mutating func take(_ name: String) -> [String] {
        let flag = "--" + name
        var values: [String] = []
        var index = 0
        while index < rest.count {
            if rest[index].text.hasPrefix(flag + "=") {
                values.append(String(rest.remove(at: index).text.dropFirst(flag.count + 1)))
            } else if rest[index].text == flag {
                let place = rest.remove(at: index).place
                if let value = takeValue(behind: place, at: index) {
                    values.append(value)
                } else {
                    refuse("needs a value", at: .flag(flag))
                }
            } else {
                index += 1
            }
        }
        return values
    }

    /// The argument right behind the one that stood at `place`, unless it looks like an option.
    private mutating func takeValue(behind place: Int, at index: Int) -> String? {
        guard index < rest.count, rest[index].place == place + 1, !rest[index].text.hasPrefix("--") else { return nil }
        return rest.remove(at: index).text
    }

    private var untaken: [String] { rest.map(\.text) + operands }

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
        case .failure(let complaints):
            for complaint in complaints.texts { refuse(complaint, at: .flag("--" + name)) }
            return nil
        }
    }

    /// Every option is declared by now: what still looks like one is unknown. So is the value behind it, if what was meant takes one.
    private mutating func refuseUnknownOptions() {
        while let index = rest.firstIndex(where: { $0.text.hasPrefix("-") && $0.text != "-" && Double($0.text) == nil })
        {
            let argument = rest.remove(at: index)
            if Self.helpFlags.contains(argument.text) { continue }
            let name = String(argument.text.prefix { $0 != "=" })
            let known = options.map { "--" + $0.name } + keyFlags.map { "--" + $0 }
            let meant = Suggestion.nearest(to: name, among: known)
            refuse(
                "unknown option" + (meant.map { "; did you mean \($0)?" } ?? "; --help lists what there is"),
                at: .flag(name))
            let isSwitch = options.contains { "--" + $0.name == meant && $0.kind == nil }
            if meant != nil, !isSwitch, name == argument.text { _ = takeValue(behind: argument.place, at: index) }
        }
    }
}
