import Foundation

/// Chooses the items of a batch: all items that occur in training while these are few, else a shared sample of negatives by
/// popularity, with the batch's own items.
package struct CandidateSampler: Sendable {
    /// A batch's items and the batch in terms of them.
    struct Selection {
        /// Items of the log, ascending.
        var active: [Int32]
        /// The batch's sequences, with rows of `active` as items and targets.
        var shards: [PackedSequences]
        /// Per row of `active`: log of the chance to be among the sampled, +infinity for those that are not; nil if all take part.
        var logChances: [Float]?
    }

    private let seen: [Int32]
    private let rowOfItem: [Int32]
    private let negatives: Int?
    /// Running sum of the sampling weights of `seen`.
    private var cumulative: [Double] = []
    private var logChance: [Float] = []

    /// - Parameters:
    ///   - counts: how often each item of the log occurs in the training part; items that do not are never chosen.
    ///   - negatives: sampled items per batch; nil for all.
    package init(counts: [Int32], negatives: Int?) {
        seen = counts.indices.filter { counts[$0] > 0 }.map(Int32.init)
        var rows = [Int32](repeating: -1, count: counts.count)
        for (row, item) in seen.enumerated() { rows[Int(item)] = Int32(row) }
        rowOfItem = rows
        self.negatives = negatives
        guard let negatives else { return }
        // Popularity to the power of ¾ (Mikolov et al. 2013): rare items are met as negatives too.
        let weights = seen.map { pow(Double(counts[Int($0)]), 0.75) }
        let total = weights.reduce(0, +)
        var sum = 0.0
        for weight in weights {
            sum += weight / total
            cumulative.append(sum)
            // Chance of at least one hit in `negatives` draws.
            logChance.append(Float(log(-expm1(Double(negatives) * log1p(-min(weight / total, 1 - 1e-12))))))
        }
    }

    /// The largest `active` of a batch of so many events.
    func activeCapacity(batchEvents: Int) -> Int {
        negatives.map { min(seen.count, $0 + 2 * batchEvents) } ?? seen.count
    }

    func select(for batch: BatchPlan.Batch, generator: inout SplitMix64) -> Selection {
        guard let negatives else {
            return Selection(
                active: seen, shards: batch.shards.map { localised($0) { rowOfItem[Int($0)] } }, logChances: nil)
        }
        // Flat marks in place of sets: two passes over the items cost less than hashing the drawn ones.
        var marks = [Mark](repeating: .absent, count: seen.count)
        for _ in 0..<negatives { marks[draw(&generator)] = .sampled }
        for item in batch.shards.lazy.flatMap({ [$0.items, $0.targets].joined() }) where item >= 0 {
            let row = Int(rowOfItem[Int(item)])
            if marks[row] == .absent { marks[row] = .ofBatch }
        }
        var local = [Int32](repeating: -1, count: seen.count)
        var (active, logChances): ([Int32], [Float]) = ([], [])
        for row in seen.indices where marks[row] != .absent {
            local[row] = Int32(active.count)
            active.append(seen[row])
            logChances.append(marks[row] == .sampled ? logChance[row] : .infinity)
        }
        return Selection(
            active: active, shards: batch.shards.map { localised($0) { local[Int(rowOfItem[Int($0)])] } },
            logChances: logChances)
    }

    private enum Mark {
        case absent
        case sampled
        case ofBatch
    }

    private func draw(_ generator: inout SplitMix64) -> Int {
        let point = generator.uniform()
        var (low, high) = (0, cumulative.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] > point { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func localised(_ pack: PackedSequences, _ row: (Int32) -> Int32) -> PackedSequences {
        var pack = pack
        pack.items = pack.items.map { $0 < 0 ? -1 : row($0) }
        pack.targets = pack.targets.map(row)
        return pack
    }
}
