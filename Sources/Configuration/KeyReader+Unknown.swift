extension KeyReader {
    /// Refuses what the sources hold beyond the declared keys.
    ///
    /// - Parameter ignored: variables that mean something else; those that end in `_` stand for all that begin so.
    mutating func refuseUnknown(ignoring ignored: [String]) {
        if let file { refuseUnknown(in: file.root, path: "", file) }
        let names = knownVariables.union(ignored)
        for variable in environment.keys.sorted() where !names.contains(variable) {
            if names.contains(where: { $0.hasSuffix("_") && variable.hasPrefix($0) }) { continue }
            arguments.refuse(
                "unknown variable" + Suggestion.clause(for: variable, among: knownVariables), at: .variable(variable))
        }
    }

    private mutating func refuseUnknown(in table: TOMLFile.Node, path: String, _ file: TOMLFile) {
        for (name, node) in table.children.sorted(by: { $0.value.keyPlace < $1.value.keyPlace }) {
            let key = path + name
            // A quoted name with a dot in it, "kafka.group" = …, is no path: nobody read it.
            let isPath = !name.contains(".")
            if isPath, known.contains(key) || known.contains(key + ".") { continue }
            let tables = Set(known.flatMap { Self.tables(of: $0) })
            if !isPath {
                arguments.refuse(
                    "unknown key; write it without quotes", at: file.origin(node.keyPlace), about: "\"\(key)\"")
            } else if node.raw == .table, tables.contains(key) {
                refuseUnknown(in: node, path: key + ".", file)
            } else if tables.contains(key) {
                arguments.refuse("\(node.raw.shown) is not a table of keys", at: file.origin(node.keyPlace), about: key)
            } else if node.raw == .table {
                arguments.refuse(
                    "unknown table" + Suggestion.clause(for: key, among: tables), at: file.origin(node.keyPlace),
                    about: key)
            } else {
                arguments.refuse(
                    "unknown key" + Suggestion.clause(for: key, among: known), at: file.origin(node.keyPlace),
                    about: key)
            }
        }
    }

    /// `a.b.c` stands in the tables `a` and `a.b`.
    private static func tables(of key: String) -> [String] {
        let parts = key.split(separator: ".")
        return parts.indices.dropFirst().map { parts[..<$0].joined(separator: ".") }
    }
}

extension TOMLFile.Node {
    /// The values below a table by their dotted names; `ssl.ca.location = ""` may be written with or without quotes.
    func leaves(prefix: String) -> [(name: String, node: TOMLFile.Node)] {
        children.sorted { $0.key < $1.key }.flatMap { name, node in
            node.raw == .table ? node.leaves(prefix: prefix + name + ".") : [(prefix + name, node)]
        }
    }
}
