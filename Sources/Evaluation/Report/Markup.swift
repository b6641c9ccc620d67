/// Pieces of a page: HTML that is well-formed XML too.
enum Markup {
    /// Text with what markup would take for its own replaced, and what XML forbids marked.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\t", "\n": escaped.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: escaped += "\u{fffd}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A table that scrolls sideways where the screen is narrow; the first column of each row is its heading.
    static func table(_ caption: String, _ head: [String], _ rows: [[String]]) -> String {
        let heading = head.map { "<th scope=\"col\">\(escape($0))</th>" }.joined()
        let body = rows.map { cells in
            let first = cells.first.map { "<th scope=\"row\">\(escape($0))</th>" } ?? ""
            return "<tr>\(first)\(cells.dropFirst().map { "<td>\(escape($0))</td>" }.joined())</tr>\n"
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="\(escape(caption))">
            <table><caption>\(escape(caption))</caption>
            <thead><tr>\(heading)</tr></thead>
            <tbody>
            \(body.joined())</tbody></table></div>

            """
    }

    /// The table behind a chart, closed until someone asks.
    static func behind(_ table: String) -> String {
        "<details><summary>The figures as a table</summary>\n\(table)</details>\n"
    }

    /// A chart with the title and description that a screen reader tells instead.
    static func svg(_ id: String, height: Double, title: String, description: String, _ body: String) -> String {
        """
        <svg viewBox="0 0 \(number(Chart.width)) \(number(height))" role="img" aria-labelledby="\(id)-t \(id)-d">
        <title id="\(id)-t">\(escape(title))</title><desc id="\(id)-d">\(escape(description))</desc>
        \(body)</svg>

        """
    }

    /// A coordinate: at most one digit behind the point.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e6 else { return "0" }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }
}
