/// Columns of text for a terminal: numbers to the right, the last column as long as it likes.
struct TextTable {
    enum Alignment {
        case left
        case right
    }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: (title: String, alignment: Alignment)...) { self.columns = columns }

    /// Adds a row with a cell for each column; nil shows as a dash.
    mutating func add(_ cells: String?...) { rows.append(cells.map { $0?.printable ?? "-" }) }

    /// The heading and the rows, a line each, indented by two.
    var text: String {
        let lines = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            let padded = columns.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - cells[column].count)
                return columns[column].alignment == .right ? padding + cells[column] : cells[column] + padding
            }
            var line = Substring("  " + padded.joined(separator: "  "))
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}

extension String {
    /// The text with a mark in the place of what could steer a terminal or turn the reading direction: titles and
    /// identifiers come from outside.
    var printable: String {
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars {
            let steers =
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: true
                default: (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
                }
            scalars.append(steers ? "\u{fffd}" : scalar)
        }
        return String(scalars)
    }
}
