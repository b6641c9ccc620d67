import Testing

/// The house documents all that other modules see. Plain enough without are: what a protocol documents, a stored property
/// that is not a number, and an initialiser that cannot fail.
@Suite("Documentation")
struct DocumentationTests {
    /// What Swift's own protocols ask for.
    static let known: Set<String> = [
        "==", "<", "hash", "description", "debugDescription", "customMirror", "rawValue", "next", "makeIterator",
        "Iterator",
        "Element", "init?(rawValue",
    ]

    /// Line index and declaration of what the shared protocols of a file ask for.
    static func requirements(of file: ProjectFile) -> [(index: Int, declaration: Declaration)] {
        var found: [(Int, Declaration)] = []
        var isInside = false
        for (index, line) in file.code.enumerated() {
            if line.hasPrefix("}") { isInside = false }
            guard let declaration = Declaration(file, at: index) else { continue }
            if declaration.kind == "protocol", declaration.isShared { isInside = true }
            if isInside, line.hasPrefix("    "), !line.hasPrefix("     ") { found.append((index, declaration)) }
        }
        return found
    }

    static func isPlain(_ declaration: Declaration, _ known: Set<String>) -> Bool {
        known.contains(declaration.name) || declaration.kind == "init" && !declaration.canFail
            || declaration.isStored && !declaration.isNumber
    }

    static func findings(_ file: ProjectFile, known: Set<String>) -> [Finding] {
        let shared = file.code.indices.compactMap { index in Declaration(file, at: index).map { (index, $0) } }
            .filter { $0.1.isShared && !isPlain($0.1, known) }
        return (shared + requirements(of: file)).filter { !$0.1.isDocumented }.map { index, declaration in
            Finding(
                file, at: index, "\(declaration.title) is not documented",
                remedy: "a /// line above it: what it does, shapes, units, errors")
        }
    }

    @Test("Public and package declarations are documented")
    func documented() {
        let files = Project.swift.filter { $0.area == "Sources" }
        let asked = Set(files.flatMap { Self.requirements(of: $0).map(\.declaration.name) })
        #expect(asked.count > 10)
        Finding.report(files.flatMap { Self.findings($0, known: Self.known.union(asked)) })
    }

    @Test("What is missing is found, what is plain is not asked for")
    func planted() {
        let text = """
            public protocol Store {
                func load()
            }
            /// A shop.
            @frozen
            public struct Shop: Store {
                public let name: String
                public var bytes: [UInt8]?
                public var count: Int
                public private(set) var total = 0
                public var double: Int { 2 * count }
                public init(name: String, count: Int) {}
                public init(
                    file: String
                ) throws {}
                @inlinable public func load() {}
                public static func < (left: Shop, right: Shop) -> Bool { true }
                package mutating func close() {}
                func open() {}
            }
            public enum Kind {}
            """
        let file = ProjectFile(path: "A.swift", text: text)
        let known = Self.known.union(Self.requirements(of: file).map(\.declaration.name))
        #expect(Self.findings(file, known: known).map(\.line).sorted() == [1, 2, 9, 10, 11, 13, 18, 21])
    }
}
