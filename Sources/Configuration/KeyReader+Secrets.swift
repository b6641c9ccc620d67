import Foundation

extension KeyReader {
    /// A secret, which comes from the variable or from a file that `NAME_file` names (as key, variable or flag), never from
    /// the configuration file or the command line themselves, where others can read it.
    public mutating func secret(_ name: String, _ doc: String) -> Secret? {
        let pathKey = name + "_file"
        var winner = value(ofSecret: candidates(name), name, pathKey)
        let fromVariable = winner != nil
        for (origin, raw) in candidates(pathKey) {
            guard let path = String(raw), !path.isEmpty else {
                arguments.refuse("\(raw.shown) is not the path of a file", at: origin, about: pathKey)
                continue
            }
            if fromVariable, case .variable = origin {
                arguments.refuse(
                    "\(KeyName.variable(name)) is set as well; keep one of them", at: origin, about: pathKey)
            } else if let secret = contents(path, origin, pathKey), !fromVariable || origin.isFlag {
                winner = (secret, origin)
            }
        }
        entries.append(
            KeyEntry(
                name: name, kind: "a secret",
                constraint: "from \(KeyName.variable(name)), or from the file that \(pathKey) names",
                standard: nil, doc: doc, value: winner.map { $0.secret.description },
                origin: winner?.origin ?? .standard))
        return winner?.secret
    }

    /// A table of free names, passed on as they are: `[kafka.properties]`, `BREADCRUMB_KAFKA_PROPERTIES_SSL_CA_LOCATION`
    /// (underscores stand for dots), `--kafka-properties ssl.ca.location=PATH`.
    ///
    /// Every value is wrapped, because some are secrets: those whose name `isSecret` are treated as `secret` treats them.
    public mutating func properties(
        _ name: String, _ doc: String, isSecret: @Sendable (String) -> Bool
    ) -> [String: Secret] {
        let (variable, flag) = (KeyName.variable(name) + "_", KeyName.flag(name))
        known.insert(name + ".")
        knownVariables.insert(variable)
        arguments.keyFlags.append(flag)
        entries.append(
            KeyEntry(
                name: name + ".*", kind: "a table of texts",
                constraint: "a secret from its variable or a file: NAME_file",
                standard: nil, doc: doc, value: nil, origin: .standard))

        var found: [(name: String, origin: Origin, raw: RawValue)] = []
        if let file, let table = file.node(name.split(separator: ".")) {
            if table.raw == .table {
                for (name, node) in table.leaves(prefix: "") {
                    found.append((name, file.origin(node.valuePlace), node.raw))
                }
            } else {
                arguments.refuse(
                    "\(table.raw.shown) is not a table of texts", at: file.origin(table.valuePlace), about: name)
            }
        }
        for (key, text) in environment.sorted(by: { $0.key < $1.key }) where key.hasPrefix(variable) {
            let property = key.dropFirst(variable.count).lowercased().map { $0 == "_" ? "." : String($0) }.joined()
            found.append((property, .variable(key), .untyped(text)))
        }
        for text in arguments.take(flag) {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                arguments.refuse("write NAME=VALUE", at: .flag("--" + flag))
                continue
            }
            found.append(
                (String(text[..<equals]), .flag("--" + flag), .untyped(String(text[text.index(after: equals)...]))))
        }
        return collect(found, name, isSecret)
    }

    /// Values by name, later ones over earlier ones.
    private mutating func collect(
        _ found: [(name: String, origin: Origin, raw: RawValue)], _ table: String, _ isSecret: (String) -> Bool
    ) -> [String: Secret] {
        var values: [String: (secret: Secret, origin: Origin)] = [:]
        for (property, origin, raw) in found {
            let key = "\(table).\(property)"
            let target = property.hasSuffix("_file") ? String(property.dropLast(5)) : property
            if target != property, isSecret(target), let path = String(raw) {
                if let secret = contents(path, origin, key) { values[target] = (secret, origin) }
            } else if isSecret(property) {
                if let value = value(ofSecret: [(origin, raw)], key, key + "_file") { values[property] = value }
            } else if let text = raw.plainText {
                values[property] = (Secret(text), origin)
            } else {
                arguments.refuse("\(raw.shown) is not a text", at: origin, about: key)
            }
        }
        for (property, value) in values.sorted(by: { $0.key < $1.key }) {
            entries.append(
                KeyEntry(
                    name: "\(table).\(property)", kind: "a text", constraint: "", standard: nil, doc: "",
                    value: isSecret(property) ? value.secret.description : value.secret.reveal().toml,
                    origin: value.origin))
        }
        return values.mapValues(\.secret)
    }

    /// A secret that is written out is taken from a variable alone.
    private mutating func value(
        ofSecret candidates: [(origin: Origin, raw: RawValue)], _ key: String, _ pathKey: String
    ) -> (secret: Secret, origin: Origin)? {
        var winner: (secret: Secret, origin: Origin)?
        for (origin, raw) in candidates {
            if case .variable = origin, let text = String(raw) {
                winner = (Secret(text), origin)
                if text.isEmpty { arguments.refuse("is empty", at: origin, about: key) }
            } else {
                arguments.refuse(
                    "a secret does not belong here, where others can read it; "
                        + "set \(KeyName.variable(key)), or \(pathKey) to the path of a file that holds it", at: origin,
                    about: key)
            }
        }
        return winner
    }

    /// The content of a secret's file without its last line end.
    private mutating func contents(_ path: String, _ origin: Origin, _ key: String) -> Secret? {
        guard let bytes = FileManager.default.contents(atPath: path),
            let text = String(validating: bytes, as: UTF8.self)
        else {
            arguments.refuse("\(path) cannot be read as text", at: origin, about: key)
            return nil
        }
        let secret = text.hasSuffix("\r\n") || text.hasSuffix("\n") ? String(text.dropLast()) : text
        if secret.isEmpty {
            arguments.refuse("\(path) is empty", at: origin, about: key)
            return nil
        }
        return Secret(secret)
    }
}

extension Origin {
    fileprivate var isFlag: Bool {
        if case .flag = self { true } else { false }
    }
}

extension RawValue {
    /// The text of a scalar that is passed on: numbers and booleans may stand without quotes.
    fileprivate var plainText: String? {
        switch self {
        case .untyped(let text), .string(let text): text
        case .integer, .boolean, .number: shown
        case .date, .array, .table: nil
        }
    }
}
