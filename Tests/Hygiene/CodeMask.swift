/// Blanks the comments and string literals of Swift and C, so that a rule about code does not read them. Newlines stay, and
/// so does the code inside an interpolation.
struct CodeMask {
    /// What the scanner is inside of; the innermost stands last.
    private enum Scope {
        /// Code, with the round brackets opened in it; an interpolation ends with the bracket that was not opened in it.
        case code(brackets: Int)
        /// A literal with this many `#` around it.
        case text(pounds: Int, isMultiline: Bool)
    }

    private let source: [UInt8]
    private var place = 0
    private var output: [UInt8] = []
    private var scopes: [Scope] = [.code(brackets: 0)]

    /// `text` with blanks for what is not code.
    static func code(of text: String) -> String {
        var mask = CodeMask(source: Array(text.utf8))
        mask.run()
        return String(decoding: mask.output, as: UTF8.self)
    }

    private init(source: [UInt8]) {
        self.source = source
        output.reserveCapacity(source.count)
    }

    private mutating func run() {
        while place < source.count {
            switch scopes.last {
            case .text(let pounds, let isMultiline): readText(pounds, isMultiline)
            case .code(let brackets): readCode(brackets)
            case nil: return
            }
        }
    }

    private mutating func readCode(_ brackets: Int) {
        if meets("//") {
            while place < source.count, source[place] != UInt8(ascii: "\n") { blank(1) }
        } else if meets("/*") {
            readComment()
        } else if let width = character {
            blank(width)
        } else if let pounds = opening {
            let isMultiline = meets("\"\"\"", after: pounds)
            blank(pounds + (isMultiline ? 3 : 1))
            scopes.append(.text(pounds: pounds, isMultiline: isMultiline))
        } else if meets(")"), brackets == 0, scopes.count > 1 {
            scopes.removeLast()
            blank(1)
        } else {
            let change = meets("(") ? 1 : meets(")") ? -1 : 0
            scopes[scopes.count - 1] = .code(brackets: brackets + change)
            output.append(source[place])
            place += 1
        }
    }

    private mutating func readText(_ pounds: Int, _ isMultiline: Bool) {
        let fence = String(repeating: "#", count: pounds)
        let end = (isMultiline ? "\"\"\"" : "\"") + fence
        if meets(end) {
            blank(end.utf8.count)
            scopes.removeLast()
        } else if meets("\\" + fence + "(") {
            blank(pounds + 2)
            scopes.append(.code(brackets: 0))
        } else if meets("\\" + fence) {
            blank(pounds + 2)
        } else {
            blank(1)
        }
    }

    /// A block comment and those nested in it.
    private mutating func readComment() {
        var depth = 0
        repeat {
            let change = meets("/*") ? 1 : meets("*/") ? -1 : 0
            depth += change
            blank(change == 0 ? 1 : 2)
        } while depth > 0 && place < source.count
    }

    /// Length of C's character literal here, such as '"'.
    private var character: Int? {
        guard meets("'") else { return nil }
        return meets("'", after: 2) ? 3 : meets("\\", after: 1) && meets("'", after: 3) ? 4 : nil
    }

    /// The number of `#` before the quotation mark of a literal that opens here.
    private var opening: Int? {
        var pounds = 0
        while meets("#", after: pounds) { pounds += 1 }
        return meets("\"", after: pounds) ? pounds : nil
    }

    private func meets(_ text: String, after distance: Int = 0) -> Bool {
        source.dropFirst(place + distance).starts(with: text.utf8)
    }

    private mutating func blank(_ count: Int) {
        for byte in source[place..<min(place + count, source.count)] {
            output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
        }
        place = min(place + count, source.count)
    }
}
