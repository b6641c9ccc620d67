import Foundation

/// The channels of a trained model: their constants with what the events say beside them.
public struct TrainedChannels: Sendable, Equatable {
    public let constants: Channels
    /// The sparse channel; nil if validation found no use for one.
    public let sparse: SparseChannel?
    /// How items move; nil leaves them where training put them.
    public var motion: MotionRule? { constants.motion }
    /// [items]: each item's touches, decayed by the rule's half-life up to `time`; empty without a rule.
    public let popularity: [Float]
    /// Milliseconds since 1970 of the last event of training.
    public let time: Int64

    package init(_ constants: Channels, sparse: SparseChannel?, popularity: [Float], time: Int64) {
        self.constants = constants
        self.sparse = sparse
        self.popularity = popularity
        self.time = time
    }

    /// The channels with these constants after the events of `histories`.
    package init(_ constants: Channels, histories: Histories, items: Int) {
        let time = histories.times.max() ?? 0
        let sparse = constants.sparse.map { settings in
            SparseChannel(
                settings: settings,
                table: NeighbourTable(
                    Cooccurrence(histories, items: items, rule: settings.neighbours.pairs),
                    occurrences: histories.itemCounts(items), damping: settings.neighbours.damping))
        }
        let popularity = constants.motion.map { rule in
            histories.popularity(items, at: time, halfLife: rule.popularityHalfLife)
        }
        self.init(constants, sparse: sparse, popularity: popularity ?? [], time: time)
    }

    /// No channels.
    package static let none = TrainedChannels(Channels(), sparse: nil, popularity: [], time: 0)
}

extension Histories {
    /// Occurrences of each of `count` items, halved in every `halfLife` milliseconds up to `time`.
    func popularity(_ count: Int, at time: Int64, halfLife: Double) -> [Float] {
        var sums = [Double](repeating: 0, count: count)
        for event in 0..<eventCount {
            sums[Int(items[event])] += exp2(min(0, Double(times[event]) - Double(time)) / halfLife)
        }
        return sums.map { Float($0) }
    }
}
