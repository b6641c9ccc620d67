import Testing

@Suite("Lengths")
struct LengthTests {
    static let fileLimit = 400
    static let functionLimit = 80

    /// Swift, C, shell, Python, and programs without an extension that name their interpreter.
    static func isCode(_ file: ProjectFile) -> Bool {
        file.language != nil || file.lines.first?.hasPrefix("#!") == true
            || [".sh", ".bash", ".py"].contains { file.path.hasSuffix($0) }
    }

    @Test("No file of code is over 400 lines")
    func files() {
        let files = Project.files.filter(Self.isCode)
        #expect(files.count > 100)
        Finding.report(
            files.filter { $0.lines.count > Self.fileLimit }.map {
                Finding($0, at: Self.fileLimit, "\($0.lines.count) lines", remedy: "split it by idea, at most 300")
            })
    }

    /// Line index and length of each Swift function and initialiser. Relies on the indentation that `swift format` keeps:
    /// a function ends before the next line that stands no deeper and does not continue its head, or with its `}`.
    static func functions(of file: ProjectFile) -> [(index: Int, length: Int)] {
        file.code.indices.compactMap { index -> (Int, Int)? in
            guard let kind = Declaration(file, at: index)?.kind, ["func", "init", "subscript"].contains(kind) else {
                return nil
            }
            let indentation = file.code[index].prefix { $0 == " " }.count
            let rest = file.code[(index + 1)...]
            let end = rest.firstIndex { line in
                let text = line.drop { $0 == " " }
                guard let first = text.first, line.count - text.count <= indentation else { return false }
                return first == "}" || ![")", "{", "-"].contains(first) && !text.hasPrefix("where ")
            }
            guard let end else { return nil }
            let closes = file.code[end].prefix { $0 == " " }.count == indentation && file.code[end].contains("}")
            return (index, end - index + (closes ? 1 : 0))
        }
    }

    @Test("No Swift function is over 80 lines")
    func functions() {
        Finding.report(
            Project.swift.flatMap { file in
                Self.functions(of: file).filter { $0.length > Self.functionLimit }.map {
                    Finding(
                        file, at: $0.index, "a function of \($0.length) lines", remedy: "split it by step, at most 80")
                }
            })
    }

    @Test("The length of a function is counted from its head to its end")
    func counting() {
        let text = """
            protocol P {
                func a(b: Int) throws
                func b()
            }
            struct S {
                init() { a() }
                func c(
                    d: Int
                ) -> Int {
                    if d > 0 {
                        return 1
                    }

                    return 2
                }
            }
            """
        let found = Self.functions(of: ProjectFile(path: "A.swift", text: text))
        #expect(found.map(\.index) == [1, 2, 5, 6])
        #expect(found.map(\.length) == [1, 1, 1, 9])
    }
}
