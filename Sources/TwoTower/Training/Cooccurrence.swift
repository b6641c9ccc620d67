import Foundation
import LinearAlgebra

/// How often items occur near one another in shoppers' histories: what the item embeddings start from, and what the sparse
/// channel's neighbours are made of.
package struct Cooccurrence: Sendable {
    /// What counts as a pair.
    package struct Rule: Codable, Sendable, Hashable {
        /// Events ahead, and behind, that are looked at.
        package var window = 10
        /// Weight of a pair k events apart: decay^(k - 1).
        package var decay = 0.8
        /// Weight of what came before, beside 1 for what came after.
        package var backward = 1.0

        package init() {}

        /// What is wrong with these numbers, or nil: they may come from a file.
        var fault: String? {
            if !(1...1000).contains(window) { return "window is \(window), must be 1 to 1000" }
            if !(decay > 0 && decay <= 1) { return "decay is \(decay), must be above 0, up to 1" }
            if !(backward >= 0 && backward <= 1) { return "backward is \(backward), must be 0 to 1" }
            return nil
        }
    }

    /// n(i, j) [items, items]: how often j comes near i, weighted by the rule; without the diagonal. Symmetric where
    /// `backward` is 1.
    package let counts: SparseRows
    /// Sum of each row of `counts`.
    package let sums: [Double]

    /// Counts the pairs. Memory is that of the result: each item's row is gathered from the places where the item occurs.
    package init(_ histories: Histories, items: Int, rule: Rule = Rule()) {
        let places = Places(histories, items: items)
        let weights = (0..<rule.window).map { Float(pow(rule.decay, Double($0))) }
        let parts = PartialRowsBox(count: Parallel.pieces)
        Parallel.pieces { piece in
            let range = items * piece / Parallel.pieces..<items * (piece + 1) / Parallel.pieces
            parts.rows[piece] = Self.rows(
                histories, places, of: range, items: items, weights: weights, Float(rule.backward))
        }
        var matrix = SparseRows(starts: [0], columns: [], values: [])
        matrix.columns.reserveCapacity(parts.rows.reduce(0) { $0 + $1.columns.count })
        matrix.values.reserveCapacity(parts.rows.reduce(0) { $0 + $1.columns.count })
        for part in parts.rows {
            for length in part.lengths { matrix.starts.append(matrix.starts[matrix.starts.count - 1] + length) }
            matrix.columns += part.columns
            matrix.values += part.values
        }
        counts = matrix
        sums = parts.rows.flatMap(\.sums)
    }

    /// Positive pointwise mutual information [items, items]: max(0, log(n(i, j) · n / (n(i) · n(j)))), with n(i) the sums of
    /// rows and n that of all (Levy, Goldberg 2014).
    /// Wants counts of a symmetric rule.
    package func positivePMI() -> SparseRows {
        let total = sums.reduce(0, +)
        var matrix = SparseRows(starts: [0], columns: [], values: [])
        for row in 0..<counts.rows {
            for entry in counts.starts[row]..<counts.starts[row + 1] {
                let column = counts.columns[entry]
                let pmi = log(Double(counts.values[entry]) * total / (sums[row] * sums[Int(column)]))
                if pmi > 0 {
                    matrix.columns.append(column)
                    matrix.values.append(Float(pmi))
                }
            }
            matrix.starts.append(matrix.columns.count)
        }
        return matrix
    }

    /// The events of each item, by item.
    private struct Places {
        var starts: [Int]
        var events: [Int32]
        /// Shopper's range of each event's history, as its bounds.
        var lower: [Int32]
        var upper: [Int32]

        init(_ histories: Histories, items: Int) {
            starts = [Int](repeating: 0, count: items + 1)
            for item in histories.items { starts[Int(item) + 1] += 1 }
            for item in 0..<items { starts[item + 1] += starts[item] }
            var next = starts
            events = [Int32](repeating: 0, count: histories.eventCount)
            for (event, item) in histories.items.enumerated() {
                events[next[Int(item)]] = Int32(event)
                next[Int(item)] += 1
            }
            lower = [Int32](repeating: 0, count: histories.eventCount)
            upper = lower
            for shopper in 0..<histories.shopperCount {
                let range = histories.events(of: shopper)
                for event in range {
                    lower[event] = Int32(range.lowerBound)
                    upper[event] = Int32(range.upperBound)
                }
            }
        }
    }

    /// Rows of counts of consecutive items.
    private struct PartialRows: Sendable {
        var lengths: [Int] = []
        var columns: [Int32] = []
        var values: [Float] = []
        var sums: [Double] = []
    }

    private final class PartialRowsBox: @unchecked Sendable {
        // Unchecked: each piece of the loop writes its own element.
        let rows: UnsafeMutableBufferPointer<PartialRows>

        init(count: Int) {
            rows = .allocate(capacity: count)
            rows.initialize(repeating: PartialRows())
        }

        deinit {
            rows.deinitialize()
            rows.deallocate()
        }
    }

    private static func rows(
        _ histories: Histories, _ places: Places, of range: Range<Int>, items: Int, weights: [Float],
        _ backward: Float
    ) -> PartialRows {
        var result = PartialRows()
        var weight = [Float](repeating: 0, count: items)
        var touched: [Int32] = []
        for item in range {
            for place in places.starts[item]..<places.starts[item + 1] {
                let event = Int(places.events[place])
                let first = backward > 0 ? max(Int(places.lower[event]), event - weights.count) : event + 1
                let last = min(Int(places.upper[event]), event + weights.count + 1)
                for other in first..<max(first, last) {
                    let neighbour = histories.items[other]
                    guard Int(neighbour) != item else { continue }
                    let forward = weights[abs(other - event) - 1]
                    let share = other < event ? forward * backward : forward
                    // What is too small for a number counts as nothing: a sum of 0 would be touched twice.
                    guard share > 0 else { continue }
                    if weight[Int(neighbour)] == 0 { touched.append(neighbour) }
                    weight[Int(neighbour)] += share
                }
            }
            touched.sort()
            var sum = 0.0
            for neighbour in touched {
                result.columns.append(neighbour)
                result.values.append(weight[Int(neighbour)])
                sum += Double(weight[Int(neighbour)])
                weight[Int(neighbour)] = 0
            }
            result.lengths.append(touched.count)
            result.sums.append(sum)
            touched.removeAll(keepingCapacity: true)
        }
        return result
    }
}
