import Testing

@Suite("Files that say nothing")
struct DeclarationTests {
    static func isEmpty(_ file: ProjectFile) -> Bool {
        let declaration = /^\s*(?:[@\w()]+\s+)*(?:struct|class|enum|actor|protocol|extension|func|let|var|typealias)\b/
        return file.name != "main.swift" && !file.code.contains { $0.contains(declaration) }
    }

    @Test("Each Swift file declares something")
    func none() {
        Finding.report(
            Project.swift.filter(Self.isEmpty).map {
                Finding($0, at: 0, "declares nothing", remedy: "delete it")
            })
        #expect(Self.isEmpty(ProjectFile(path: "A.swift", text: "import B\n// struct A {}\n")))
        #expect(!Self.isEmpty(ProjectFile(path: "A.swift", text: "public final class A {}\n")))
    }
}
