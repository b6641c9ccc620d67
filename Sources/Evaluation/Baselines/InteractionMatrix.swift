/// How often each row met each column, by rows: row r met `columns[starts[r]..<starts[r + 1]]`, each column once.
package struct InteractionMatrix: Sendable {
    /// [rows + 1]: where each row begins.
    package private(set) var starts: [Int]
    /// Per entry its column; ascending within a row.
    package private(set) var columns: [Int32]
    /// Per entry the number of meetings, at least 1.
    package private(set) var counts: [Float]

    /// Number of rows.
    package var rows: Int { starts.count - 1 }

    /// Users by items, from the training events of a split.
    package init(_ log: EvaluationLog, _ split: Split) {
        starts = [0]
        columns = []
        counts = []
        for user in log.users.indices {
            let items = log.events(of: Int32(user)).filter { split.roles[Int($0)] == .training }.map {
                log.item(at: $0)
            }
            append(items)
        }
    }

    /// One row of such a matrix per list of items.
    private mutating func append(_ items: [Int32]) {
        for item in items.sorted() {
            if columns.count > starts[starts.count - 1], columns.last == item {
                counts[counts.count - 1] += 1
            } else {
                columns.append(item)
                counts.append(1)
            }
        }
        starts.append(columns.count)
    }

    /// A matrix of one row.
    package init(row items: [Int32]) {
        starts = [0]
        columns = []
        counts = []
        append(items)
    }

    /// Columns by rows, of `count` columns.
    package func transposed(columns count: Int) -> InteractionMatrix {
        var result = self
        result.starts = [Int](repeating: 0, count: count + 1)
        for column in columns { result.starts[Int(column) + 1] += 1 }
        for column in 0..<count { result.starts[column + 1] += result.starts[column] }
        var next = result.starts
        for row in 0..<rows {
            for entry in starts[row]..<starts[row + 1] {
                let column = Int(columns[entry])
                result.columns[next[column]] = Int32(row)
                result.counts[next[column]] = counts[entry]
                next[column] += 1
            }
        }
        return result
    }
}
