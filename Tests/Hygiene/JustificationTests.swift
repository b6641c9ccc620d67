import Testing

@Suite("Checks that are switched off")
struct JustificationTests {
    static func isUnchecked(_ line: Substring) -> Bool {
        line.contains("@unchecked") || line.contains("nonisolated(unsafe)")
    }

    /// A comment that is not documentation stands on the line itself or on one beside it.
    static func findings(_ file: ProjectFile) -> [Finding] {
        file.code.indices.filter { isUnchecked(file.code[$0]) }.compactMap {
            index in
            let beside = file.lines[max(0, index - 1)...min(index + 1, file.lines.count - 1)]
            if beside.contains(where: { $0.contains(/(?:^|\s)\/\/ \S/) }) { return nil }
            return Finding(
                file, at: index, "the compiler's check is switched off without a reason",
                remedy: "say in a // comment beside it what guards the mutable state")
        }
    }

    @Test("Each @unchecked and nonisolated(unsafe) says why it is safe")
    func justified() {
        Finding.report(Project.swift.flatMap(Self.findings))
        let bare = ProjectFile(path: "A.swift", text: "/// An A.\nfinal class A: @unchecked Sendable {\n\n}\n")
        #expect(Self.findings(bare).map(\.line) == [2])
        let told = ProjectFile(path: "A.swift", text: "final class A: @unchecked Sendable {\n    // One thread.\n}\n")
        #expect(Self.findings(told).isEmpty)
    }
}
