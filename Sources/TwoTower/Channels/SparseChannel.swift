import Commerce
import LinearAlgebra

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
        /// What the neighbours are counted by.
        package var neighbours: NeighbourTable.Rule

        package init(weight: Float, decay: Float, neighbours: NeighbourTable.Rule) {
            self.weight = weight
            self.decay = decay
            self.neighbours = neighbours
        }

        /// What is wrong with these numbers, or nil: they may come from a file.
        var fault: String? {
            if !(weight >= 0 && weight <= 1e6) { return "weight is \(weight), must be 0 to 1000000" }
            if !(decay >= 0 && decay <= 1) { return "decay is \(decay), must be 0 to 1" }
            return neighbours.fault.map { "neighbours: \($0)" }
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

    /// Working memory of the scores, for one thread at a time.
    public final class Scratch {
        /// A row's sum so far.
        fileprivate struct Sum {
            /// -1 for a free place.
            var row: Int32
            var sum: Float
            /// The largest part of it, and the age of the item that gave it.
            var largest: Float
            var age: UInt32
        }

        /// Open addressing, all places free between uses, of which so many are used that half of them stay free. Some hundred sums lie
        /// closer together here than among those of all items.
        fileprivate let sums: UnsafeMutableBufferPointer<Sum>
        /// Places of the rows that have a sum, in the order in which they got it.
        fileprivate let touched: UnsafeMutableBufferPointer<Int32>
        /// What `Scores` shows.
        fileprivate let rows: UnsafeMutableBufferPointer<Int32>
        fileprivate let scores: UnsafeMutableBufferPointer<Float>
        fileprivate let ages: UnsafeMutableBufferPointer<UInt8>

        fileprivate init(_ table: NeighbourTable) {
            let widest = zip(table.starts, table.starts.dropFirst()).reduce(0) { max($0, Int($1.1 - $1.0)) }
            let parts = SparseChannel.depth * widest
            sums = .allocate(capacity: Self.places(for: parts))
            sums.initialize(repeating: Sum(row: -1, sum: 0, largest: 0, age: 0))
            touched = .allocate(capacity: parts)
            rows = .allocate(capacity: parts)
            scores = .allocate(capacity: parts)
            ages = .allocate(capacity: parts)
        }

        deinit {
            sums.deallocate()
            touched.deallocate()
            rows.deallocate()
            scores.deallocate()
            ages.deallocate()
        }

        /// Places that so many parts need, a power of two.
        fileprivate static func places(for parts: Int) -> Int {
            var places = 64
            while places < 2 * parts { places *= 2 }
            return places
        }
    }

    /// The extra scores of the rows that have one: each row once, its score above 0, and which of the last items gave most of it, 0 being
    /// the newest, the newest of equal ones.
    public struct Scores {
        /// Rows of the model.
        public let rows: UnsafeBufferPointer<Int32>
        /// Of each row.
        public let scores: UnsafeBufferPointer<Float>
        /// Of each row, the place in `last`.
        public let ages: UnsafeBufferPointer<UInt8>
    }

    /// New working memory for this channel.
    public func makeScratch() -> Scratch { Scratch(table) }

    /// The extra scores of all items that have one, by ascending row; additions run from the newest item to the oldest, so
    /// the bits depend on the items alone.
    ///
    /// - Parameter last: rows of the shopper's last items in the model, newest first; nil for an item that it does not know.
    public func scores(ofLast last: [Int?], scratch: Scratch) -> [(row: Int32, score: Float)] {
        withScores(ofLast: last, scratch: scratch) { found in
            zip(found.rows, found.scores).map { ($0, $1) }.sorted { $0.0 < $1.0 }
        }
    }

    /// The same scores without an order and without allocation: calls `body` with them.
    public func withScores<Result>(ofLast last: [Int?], scratch: Scratch, _ body: (Scores) -> Result) -> Result {
        let touched = accumulate(last, scratch)
        var count = 0
        for number in 0..<touched {
            let place = Int(scratch.touched[number])
            let sum = scratch.sums[place]
            scratch.sums[place].row = -1
            let score = settings.weight * sum.sum
            guard score > 0 else { continue }
            (scratch.rows[count], scratch.scores[count]) = (sum.row, score)
            scratch.ages[count] = UInt8(truncatingIfNeeded: sum.age)
            count += 1
        }
        return body(
            Scores(
                rows: UnsafeBufferPointer(rebasing: scratch.rows[..<count]),
                scores: UnsafeBufferPointer(rebasing: scratch.scores[..<count]),
                ages: UnsafeBufferPointer(rebasing: scratch.ages[..<count])))
    }

    /// Asks for what the scores of a shopper are made of: the rows lie anywhere in the table. For the next one while those of one are
    /// added up.
    public func approach(last: [Int?]) {
        table.columns.withUnsafeBufferPointer { columns in
            table.values.withUnsafeBufferPointer { values in
                guard let columns = columns.baseAddress, let values = values.baseAddress else { return }
                for item in last.prefix(Self.depth) {
                    let entries = entries(of: item)
                    Kernels.prefetch(columns + entries.lowerBound, count: entries.count)
                    Kernels.prefetch(values + entries.lowerBound, count: entries.count)
                }
            }
        }
    }

    /// Adds up neighbour rows, from the newest item to the oldest; returns how many of `scratch.touched` have a sum.
    private func accumulate(_ last: [Int?], _ scratch: Scratch) -> Int {
        table.columns.withUnsafeBufferPointer { columns in
            table.values.withUnsafeBufferPointer { values in
                let parts = last.prefix(Self.depth).reduce(0) { $0 + entries(of: $1).count }
                let mask = Scratch.places(for: parts) - 1
                var (factor, touched): (Float, Int) = (1, 0)
                for (age, item) in last.prefix(Self.depth).enumerated() {
                    if factor < Self.leastFactor { break }
                    for entry in entries(of: item) {
                        let (row, part) = (columns[entry], factor * values[entry])
                        // What is too small for a number adds nothing.
                        guard part > 0 else { continue }
                        var place = Int(UInt32(bitPattern: row) &* 0x9e37_79b1 >> 7) & mask
                        while scratch.sums[place].row != row, scratch.sums[place].row != -1 {
                            place = (place + 1) & mask
                        }
                        if scratch.sums[place].row == -1 {
                            scratch.sums[place] = .init(row: row, sum: part, largest: part, age: UInt32(age))
                            scratch.touched[touched] = Int32(place)
                            touched += 1
                        } else {
                            scratch.sums[place].sum += part
                            if part > scratch.sums[place].largest {
                                (scratch.sums[place].largest, scratch.sums[place].age) = (part, UInt32(age))
                            }
                        }
                    }
                    factor *= settings.decay
                }
                return touched
            }
        }
    }

    /// Where an item's neighbours stand in the table; nowhere for an item that it does not know.
    private func entries(of item: Int?) -> Range<Int> {
        guard let item, item >= 0, item < table.rows else { return 0..<0 }
        return Int(table.starts[item])..<Int(table.starts[item + 1])
    }
}
