import Testing

@Suite("A clone works on any machine")
struct PortabilityTests {
    static let own = "Tests/Hygiene/PortabilityTests.swift"
    static let places = [#"/work/"#, #"/tmp/wt"#, #"/root/"#, #"../shared"#]

    static func findings(_ file: ProjectFile, _ place: String) -> [Finding] {
        file.lines.indices.filter { file.lines[$0].contains(place) }.map {
            Finding(
                file, at: $0, "names \(place)",
                remedy: "a path from the repository's root, or a variable of the environment")
        }
    }

    @Test("No file names a place that only one machine has", arguments: places)
    func none(place: String) {
        // Continuous integration alone knows what lies beside the clone.
        let files = Project.files.filter { $0.path != Self.own && !(place == "../shared" && $0.path == ".ci/run") }
        Finding.report(files.flatMap { Self.findings($0, place) })
        #expect(Self.findings(ProjectFile(path: "ops/a", text: "cd \(place)x\n"), place).map(\.line) == [1])
    }
}
