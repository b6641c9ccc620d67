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
        /// Open addressing, a power of two of places: a row, or -1, and its sum. Some hundred sums lie closer together here than
        /// among those of all items.
        fileprivate private(set) var keys: UnsafeMutableBufferPointer<Int32>
        fileprivate private(set) var sums: FloatBuffer
        /// Places of the rows that have a sum, in the order in which they got it, then the rows themselves, and their scores.
        fileprivate let rows: UnsafeMutableBufferPointer<Int32>
        fileprivate let scores: FloatBuffer

        fileprivate init(_ table: NeighbourTable) {
            let widest = zip(table.starts, table.starts.dropFirst()).reduce(0) { max($0, Int($1.1 - $1.0)) }
            let capacity = min(table.rows, SparseChannel.depth * widest)
            keys = .allocate(capacity: 0)
            sums = FloatBuffer(count: 0)
            rows = .allocate(capacity: capacity)
            scores = FloatBuffer(count: capacity)
            reserve(capacity)
        }

        /// Makes room for so many rows; there are none now.
        fileprivate func reserve(_ capacity: Int) {
            guard keys.count < max(64, 2 * capacity) else { return }
            var places = 64
            while places < 2 * capacity { places *= 2 }
            keys.deallocate()
            keys = .allocate(capacity: places)
            keys.initialize(repeating: -1)
            sums = FloatBuffer(count: places)
        }

        deinit {
            keys.deallocate()
            rows.deallocate()
        }

        /// Where a row's sum stands; the row takes the place if it has none.
        @inline(__always) fileprivate func place(of row: Int32) -> Int {
            let mask = keys.count - 1
            var place = Int(UInt32(bitPattern: row) &* 0x9e37_79b1 >> 7) & mask
            while keys[place] != row, keys[place] != -1 { place = (place + 1) & mask }
            return place
        }
    }

    /// New working memory for this channel.
    public func makeScratch() -> Scratch { Scratch(table) }

    /// The extra scores of all items that have one, by ascending row; additions run from the newest item to the oldest, so
    /// the bits depend on the items alone.
    ///
    /// - Parameter last: rows of the shopper's last items in the model, newest first; nil for an item that it does not know.
    public func scores(ofLast last: [Int?], scratch: Scratch) -> [(row: Int32, score: Float)] {
        withScores(ofLast: last, scratch: scratch) { rows, scores in
            zip(rows, scores).map { ($0, $1) }.sorted { $0.0 < $1.0 }
        }
    }

    /// The same scores without an order and without allocation: calls `body` with rows, each once, and their scores, above 0.
    public func withScores<Result>(
        ofLast last: [Int?], scratch: Scratch,
        _ body: (_ rows: UnsafeBufferPointer<Int32>, _ scores: UnsafeBufferPointer<Float>) -> Result
    ) -> Result {
        let touched = accumulate(last, scratch)
        var count = 0
        for place in 0..<touched {
            let held = Int(scratch.rows[place])
            let row = scratch.keys[held]
            let score = settings.weight * scratch.sums.pointer[held]
            scratch.keys[held] = -1
            guard score > 0 else { continue }
            scratch.rows[count] = row
            scratch.scores.pointer[count] = score
            count += 1
        }
        return body(
            UnsafeBufferPointer(rebasing: scratch.rows[..<count]), UnsafeBufferPointer(scratch.scores.first(count)))
    }

    /// For each of some rows, all different, the place in `last` whose item gave most of its extra score, the newest of equal ones;
    /// nil where none gave any.
    ///
    /// - Parameter last: as in `scores`.
    public func reasons(of rows: [Int32], inLast last: [Int?], scratch: Scratch) -> [Int?] {
        scratch.reserve(rows.count)
        var best = [(place: Int, part: Float)?](repeating: nil, count: rows.count)
        let places = rows.enumerated().map { number, row in
            let place = scratch.place(of: row)
            scratch.keys[place] = row
            scratch.sums.pointer[place] = Float(bitPattern: UInt32(number))
            return place
        }
        forEachPart(last) { age, column, part in
            let place = scratch.place(of: column)
            guard scratch.keys[place] == column else { return }
            let number = Int(scratch.sums.pointer[place].bitPattern)
            if part > best[number]?.part ?? 0 { best[number] = (age, part) }
        }
        for place in places { scratch.keys[place] = -1 }
        return best.map { $0?.place }
    }

    /// Adds up neighbour rows; returns how many of `scratch.rows` have a sum.
    private func accumulate(_ last: [Int?], _ scratch: Scratch) -> Int {
        let (sums, rows) = (scratch.sums.pointer, scratch.rows)
        var touched = 0
        forEachPart(last) { _, column, part in
            let place = scratch.place(of: column)
            if scratch.keys[place] == -1 {
                scratch.keys[place] = column
                sums[place] = part
                rows[touched] = Int32(place)
                touched += 1
            } else {
                sums[place] += part
            }
        }
        return touched
    }

    /// What the neighbour rows of the last items give, from the newest item to the oldest: which one gives to which row how much,
    /// always above 0.
    @inline(__always) private func forEachPart(_ last: [Int?], _ body: (_ age: Int, Int32, Float) -> Void) {
        var factor: Float = 1
        for (age, item) in last.prefix(Self.depth).enumerated() {
            if factor < Self.leastFactor { break }
            if let item, item >= 0, item < table.rows {
                table.columns.withUnsafeBufferPointer { columns in
                    table.values.withUnsafeBufferPointer { values in
                        for entry in Int(table.starts[item])..<Int(table.starts[item + 1]) {
                            let part = factor * values[entry]
                            // What is too small for a number adds nothing.
                            if part > 0 { body(age, columns[entry], part) }
                        }
                    }
                }
            }
            factor *= settings.decay
        }
    }
}
