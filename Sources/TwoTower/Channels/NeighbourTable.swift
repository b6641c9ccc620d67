import Foundation
import LinearAlgebra

/// The co-visitation neighbours of every item: which items shoppers touch near it, and how surely.
///
///     value(i, j) = n(i, j) · n(j)^-damping / (Σ_j n(i, j) + shrinkage)
///
/// with n(i, j) the weighted counts of `Cooccurrence` and n(j) the occurrences of j: the chance of j near i, shrunk where i
/// was seen seldom, and damped where j is near everything. The largest `width` values of a row are kept.
public struct NeighbourTable: Sendable, Equatable {
    /// Row r holds the entries `starts[r]..<starts[r + 1]`.
    package let starts: [Int32]
    /// Per entry the neighbour's row; ascending within a row.
    package let columns: [Int32]
    /// Per entry its value, above 0.
    package let values: [Float]

    /// Pseudo-counts that a row's sum is shrunk with.
    static let shrinkage = 10.0
    /// Neighbours kept per item.
    package static let width = 100

    /// What a table is made by, beside the log.
    package struct Rule: Codable, Sendable, Hashable {
        /// Which events are near one another.
        package var pairs: Cooccurrence.Rule
        /// Exponent of the damping of popular neighbours.
        package var damping: Double

        package init(pairs: Cooccurrence.Rule = Cooccurrence.Rule(), damping: Double) {
            self.pairs = pairs
            self.damping = damping
        }

        /// What is wrong with these numbers, or nil: they may come from a file.
        var fault: String? {
            if !(damping >= 0 && damping <= 2) { return "damping is \(damping), must be 0 to 2" }
            return pairs.fault.map { "pairs: \($0)" }
        }
    }

    /// A table of these rows.
    package init(starts: [Int32], columns: [Int32], values: [Float]) {
        self.starts = starts
        self.columns = columns
        self.values = values
    }

    /// The table of a log.
    ///
    /// - Parameter occurrences: how often each item occurs.
    package init(_ cooccurrence: Cooccurrence, occurrences: [Int32], damping: Double, width: Int = Self.width) {
        let counts = cooccurrence.counts
        let factors = occurrences.map { $0 > 0 ? pow(Double($0), -damping) : 0 }
        var starts: [Int32] = [0]
        var columns: [Int32] = []
        var values: [Float] = []
        var row: [(column: Int32, value: Float)] = []
        for item in 0..<counts.rows {
            row.removeAll(keepingCapacity: true)
            let share = 1 / (cooccurrence.sums[item] + Self.shrinkage)
            for entry in counts.starts[item]..<counts.starts[item + 1] {
                let column = counts.columns[entry]
                row.append((column, Float(Double(counts.values[entry]) * factors[Int(column)] * share)))
            }
            if row.count > width {
                // Of equal values the smaller row, so that the table is a function of the counts.
                row.sort { $0.value == $1.value ? $0.column < $1.column : $0.value > $1.value }
                row.removeSubrange(width...)
                row.sort { $0.column < $1.column }
            }
            for (column, value) in row {
                columns.append(column)
                values.append(value)
            }
            starts.append(Int32(columns.count))
        }
        self.init(starts: starts, columns: columns, values: values)
    }

    /// Number of items.
    public var rows: Int { starts.count - 1 }
}
