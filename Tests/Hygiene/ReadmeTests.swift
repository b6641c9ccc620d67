import Testing

@Suite("README.md")
struct ReadmeTests {
    static let readme = Project.files.first { $0.path == "README.md" }

    @Test(
        "Names every Swift module, and no path that is not there", .enabled(if: readme != nil, "there is no README.md"))
    func folders() throws {
        let readme = try #require(Self.readme)
        let named = Set(
            readme.lines.flatMap { line in line.matches(of: /`([^`]+)`/).map { String($0.1).trimmingSlash } })
        let modules = Set(Project.swift.filter { $0.area == "Sources" }.compactMap(\.module))
        for module in modules.sorted() {
            #expect(
                !named.isDisjoint(with: [module, "Sources/\(module)"]),
                "README.md: no `Sources/\(module)`: say in its list of folders what the module is for")
        }
        let paths = Set(Project.files.flatMap { $0.folders + [$0.path] })
        for (index, line) in readme.lines.enumerated() {
            for match in line.matches(of: /`((?:Sources|Tests|ops|topics|\.ci)\/[\w.\/+-]+)`/) {
                let path = String(match.1).trimmingSlash
                #expect(paths.contains(path), "README.md:\(index + 1): `\(path)` is not there: mend or delete the line")
            }
        }
    }
}

extension String {
    fileprivate var trimmingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}

extension ProjectFile {
    /// Every folder the file lies in.
    fileprivate var folders: [String] {
        path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
    }
}
