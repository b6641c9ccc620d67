import Testing

@Suite("What a module may import")
struct ImportTests {
    /// Line index and module of every import.
    static func imports(of file: ProjectFile) -> [(index: Int, module: String)] {
        file.code.enumerated().compactMap { index, line in
            let words = line.split(separator: " ").drop { $0.hasPrefix("@") || ["public", "package"].contains($0) }
            guard words.first == "import" else { return nil }
            let module = words.dropFirst().first { !["struct", "class", "enum", "func", "var"].contains($0) }
            return module.map { (index, String($0.prefix { $0 != "." })) }
        }
    }

    static func findings(_ file: ProjectFile, _ targets: TargetList) -> [Finding] {
        guard file.area == "Sources", let own = targets.names.firstIndex(of: file.module ?? "") else { return [] }
        let below = targets.names[own...]
        return imports(of: file).filter { below.contains($0.module) }.map {
            Finding(
                file, at: $0.index, "\(targets.names[own]) imports \($0.module), which does not stand above it",
                remedy: "move the code down, or have the upper module declare a protocol that the lower one meets")
        }
    }

    @Test("A target imports only what stands above it in Package.swift")
    func order() {
        #expect(Project.targets.names.count > 20)
        Finding.report(Project.swift.flatMap { Self.findings($0, Project.targets) })
        let planted = ProjectFile(path: "Sources/B/B.swift", text: "import A\npackage import C\n")
        let targets = TargetList(#"module("A"), module("B", ["A"]), program("C", ["B"])"#)
        #expect(Self.findings(planted, targets).map(\.line) == [2])
    }

    /// What is wrong with the dependencies that a target names, given what its files import.
    static func disagreements(_ targets: TargetList, _ files: [ProjectFile]) -> [String] {
        targets.dependencies.sorted { $0.key < $1.key }.flatMap { folder, named in
            let own = files.filter { $0.path.hasPrefix(folder + "/") }
            let imported = Set(own.flatMap { imports(of: $0).map(\.module) }).intersection(targets.names)
            return imported.subtracting(named).sorted().map { "\(folder) imports \($0): name it in Package.swift" }
                + named.subtracting(imported).sorted().map {
                    "\(folder) imports no \($0): take it out of its dependencies in Package.swift"
                }
        }
    }

    @Test("A target names as dependencies what it imports, and nothing else")
    func dependencies() {
        #expect(Project.targets.dependencies.count > 30)
        #expect(Self.disagreements(Project.targets, Project.swift) == [])
        let planted = ProjectFile(path: "Sources/B/B.swift", text: "import A\nimport Foundation\n")
        let targets = TargetList(#"module("A"), module("B", ["C"]), program("C", [])"#)
        #expect(
            Self.disagreements(targets, [planted]) == [
                "Sources/B imports A: name it in Package.swift",
                "Sources/B imports no C: take it out of its dependencies in Package.swift",
            ])
    }

    @Test("Neither Kafka nor Redis stands above the core", arguments: ["Kafka", "Redis"])
    func core(outside: String) throws {
        let names = Project.targets.names
        let place = try #require(names.firstIndex(of: outside))
        for core in ["Commerce", "Datasets", "TwoTower", "Retrieval", "Streaming"] {
            #expect(try #require(names.firstIndex(of: core)) < place)
        }
    }

    @Test("A C library is imported by one Swift module and by no test", arguments: Project.targets.libraries.sorted())
    func libraries(library: String) {
        let importers = Project.swift.filter { Self.imports(of: $0).contains { $0.module == library } }
        let folders = Set(importers.map { "\($0.area)/\($0.module ?? "")" })
        #expect(
            folders.count == 1 && folders.allSatisfy { $0.hasPrefix("Sources/") },
            "\(library) is imported by \(importers.map(\.path)): one module of Sources wraps it, the rest uses that one"
        )
    }

    @Test("Every folder of Sources is a target and every target has its folder")
    func folders() {
        let folders = Set(Project.files.filter { $0.area == "Sources" }.compactMap(\.module))
        #expect(folders.subtracting(Project.targets.names) == [], "list it in Package.swift or delete it")
        #expect(Set(Project.targets.names).subtracting(folders) == [], "Package.swift lists what is not there")
    }
}
