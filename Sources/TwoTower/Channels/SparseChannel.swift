import Commerce

/// The sparse part of a score: neighbours of a shopper's last items, weighted by recency.
///
///     extra(j) = weight · Σ_k decay^k · value(i_k, j)        i_0 the newest item, i_1 the one before, …
///
/// Dense and sparse together are one dot product of (dense ⊕ sparse) vectors: an item's sparse part is itself, a shopper's
/// the decayed sum of neighbour rows. What the towers blur, because d numbers cannot hold it, this keeps.
public struct SparseChannel: Sendable, Equatable {
    /// The constants, chosen on validation.
    public struct Settings: Codable, Sendable, Equatable {
        /// Factor on the whole, in units of the dense score.
        public var weight: Float
        /// Factor from one of the shopper's items to the one before.
        public var decay: Float
        /// Exponent of the damping of popular neighbours.
        public var damping: Double

        package init(weight: Float, decay: Float, damping: Double) {
            self.weight = weight
            self.decay = decay
            self.damping = damping
        }

        /// What is wrong with these numbers, or nil: they may come from a file.
        var fault: String? {
            if !(weight >= 0 && weight <= 1e6) { return "weight is \(weight), must be 0 to 1000000" }
            if !(decay >= 0 && decay <= 1) { return "decay is \(decay), must be 0 to 1" }
            if !(damping >= 0 && damping <= 2) { return "damping is \(damping), must be 0 to 2" }
            return nil
        }
    }

    /// Items of the shopper that are looked at: beyond them a decay of 0.8 leaves a tenth.
    public static let depth = 10

    /// Items whose factor has fallen below this are left out.
    private static let leastFactor: Float = 1e-4

    public let settings: Settings
    package let table: NeighbourTable

    package init(settings: Settings, table: NeighbourTable) {
        self.settings = settings
        self.table = table
    }

    /// Working memory of `scores`, for one thread at a time.
    public final class Scratch {
        fileprivate var sums: [Float]
        fileprivate var touched: [Int32] = []

        fileprivate init(rows: Int) { sums = [Float](repeating: 0, count: rows) }
    }

    /// New working memory for this channel.
    public func makeScratch() -> Scratch { Scratch(rows: table.rows) }

    /// The extra scores of all items that have one, by ascending row; additions run from the newest item to the oldest, so
    /// the bits depend on the items alone.
    ///
    /// - Parameter last: rows of the shopper's last items in the model, newest first; nil for an item that it does not know.
    public func scores(ofLast last: some Sequence<Int?>, scratch: Scratch) -> [(row: Int32, score: Float)] {
        var result: [(row: Int32, score: Float)] = []
        forEachScore(ofLast: last, scratch: scratch) { result.append(($0, $1)) }
        result.sort { $0.row < $1.row }
        return result
    }

    /// The same scores without an order, each above 0 and of another row; without allocation once `scratch` has grown.
    public func forEachScore(
        ofLast last: some Sequence<Int?>, scratch: Scratch, _ body: (_ row: Int32, _ score: Float) -> Void
    ) {
        accumulate(last, scratch)
        for row in scratch.touched {
            let score = settings.weight * scratch.sums[Int(row)]
            scratch.sums[Int(row)] = 0
            if score > 0 { body(row, score) }
        }
        scratch.touched.removeAll(keepingCapacity: true)
    }

    /// The place in `last` whose item gave most of a row's extra score, the newest of equal ones; nil where none gave any.
    ///
    /// - Parameter last: as in `scores`.
    public func reason(of row: Int32, inLast last: some Sequence<Int?>) -> Int? {
        var best: (place: Int, part: Float)?
        var factor: Float = 1
        for (place, item) in last.prefix(Self.depth).enumerated() {
            if factor < Self.leastFactor { break }
            if let item, let value = table.value(of: Int(row), inRow: item), factor * value > best?.part ?? 0 {
                best = (place, factor * value)
            }
            factor *= settings.decay
        }
        return best?.place
    }

    private func accumulate(_ last: some Sequence<Int?>, _ scratch: Scratch) {
        var factor: Float = 1
        for item in last.prefix(Self.depth) {
            if factor < Self.leastFactor { break }
            if let item, item >= 0, item < table.rows {
                for entry in Int(table.starts[item])..<Int(table.starts[item + 1]) {
                    let column = Int(table.columns[entry])
                    if scratch.sums[column] == 0 { scratch.touched.append(table.columns[entry]) }
                    scratch.sums[column] += factor * table.values[entry]
                }
            }
            factor *= settings.decay
        }
    }
}
