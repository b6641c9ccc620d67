import Testing

@Suite("The reader of code")
struct CodeMaskTests {
    @Test(
        "Comments and texts are blank, interpolated code stays",
        arguments: [
            ("let a = 1 // b", "let a = 1"), ("a /* b /* c */ d */ e", "a                   e"),
            (#"f("try!", g)"#, "f(      , g)"), (#"f("\(g("x)")) y")"#, "f(   g(    )    )"),
            (##"f(#"a"b"#)"##, "f(       )"), (#"f("\"", g)"#, "f(    , g)"), ("'\"' + a", "    + a"),
        ])
    func blanks(text: String, code: String) {
        let masked = CodeMask.code(of: text)
        #expect(masked.utf8.count == text.utf8.count)
        #expect(masked.trimmingSuffix(" ") == code.trimmingSuffix(" "))
    }

    @Test("A text of several lines keeps its newlines")
    func lines() {
        #expect(
            CodeMask.code(of: "let a = \"\"\"\n  b \"c\" // d\n  \"\"\"\nlet e")
                == "let a =    \n            \n     \nlet e")
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> Substring {
        var rest = self[...]
        while rest.last == character { rest.removeLast() }
        return rest
    }
}
