import Testing

@Suite("Calls that the house does without")
struct BannedCallTests {
    /// A call and what takes its place.
    struct Ban: Sendable {
        let pattern: String
        let remedy: String
        /// Also where it stands in a comment.
        var isInComments = false
        /// Not where a program talks to its user.
        var isOfLibraries = false
    }

    static let bans = [
        Ban(
            pattern: #"\btry!"#, remedy: "let the error go up, or catch it and name the input, the place and the remedy"
        ),
        Ban(pattern: #"\bas!"#, remedy: "`as?` and a clear error"),
        Ban(pattern: #"\bfatalError\("#, remedy: "throw an error that names the input, the place and the remedy"),
        Ban(
            pattern: #"\b(u|nano)?sleep\("#, remedy: "wait on the condition: a semaphore, a condition variable, a poll"),
        Ban(pattern: #"@testable\b"#, remedy: "give what the test needs `package` access: tests run in release"),
        Ban(pattern: #"\b(TODO|FIXME)\b"#, remedy: "do it now, or say in the documentation", isInComments: true),
        Ban(
            pattern: #"(^|[^.\w])(debugPrint|print|dump)\("#, remedy: "log through Observability's Logger",
            isOfLibraries: true),
    ]

    static func findings(_ file: ProjectFile, _ ban: Ban, programs: Set<String>) throws -> [Finding] {
        if ban.isOfLibraries, file.area != "Sources" || programs.contains(file.module ?? "") { return [] }
        // Swift takes `Task.sleep` for one word unless told otherwise.
        let regex = try Regex(ban.pattern).wordBoundaryKind(.simple)
        return (ban.isInComments ? file.lines : file.code).enumerated().compactMap { index, line in
            line.firstMatch(of: regex).map { Finding(file, at: index, String(line[$0.range]), remedy: ban.remedy) }
        }
    }

    @Test("No source and no test has one", arguments: bans)
    func none(ban: Ban) throws {
        let programs = Project.targets.programs.union(["Application"])
        for file in Project.sources where file.path != "Tests/Hygiene/BannedCallTests.swift" {
            Finding.report(try Self.findings(file, ban, programs: programs))
        }
    }

    @Test(
        "One that is planted is found, one in a text is not",
        arguments: zip(
            bans,
            [
                "let a = try! f()", "a as! B", "fatalError(\"a\")", "try await Task.sleep(for: .zero)",
                "@testable import A", "// TODO: a", "print(a)",
            ]))
    func planted(ban: Ban, line: String) throws {
        let planted = ProjectFile(path: "Sources/A/A.swift", text: line)
        #expect(try Self.findings(planted, ban, programs: []).count == 1)
        let quoted = ProjectFile(path: "Sources/A/A.swift", text: "let a = #\"\(line)\"#")
        #expect(try Self.findings(quoted, ban, programs: []).isEmpty != ban.isInComments)
    }
}
