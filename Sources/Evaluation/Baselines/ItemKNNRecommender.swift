import Foundation
import LinearAlgebra

/// What item-kNN is made with.
public struct KNNSettings: Sendable, Equatable {
    /// Events ahead and behind in a history that count as co-visits.
    public var window = 10
    /// Weight of a co-visit k events away: decay^(k - 1).
    public var decay = 0.8
    /// Weight of items before, beside 1 for those after.
    public var backward = 1.0
    /// Events of the log after which a co-visit counts half; infinite for never.
    public var halfLife = Double.infinity
    /// Exponent of the count of the item that was visited.
    public var sourceExponent = 0.5
    /// Exponent of the count of the item that is scored: 0 favours the popular, 1 divides popularity out.
    public var targetExponent = 0.5
    /// Weight of the user's k-th latest event: recency^(k - 1).
    public var recency = 0.8

    public init() {}
}

/// Item-kNN with recency weights:
///
///     score(j) = Σₖ recency^(k-1) · C(iₖ, j) / (n(iₖ)^a · n(j)^b)
///
/// over the user's events iₖ, the latest first, with the training histories' weighted co-visits C and counts n; a = b = ½
/// is the cosine. Items that no event reaches follow behind by popularity.
public final class ItemKNNRecommender: Recommender, @unchecked Sendable {
    // Unchecked: in a parallel loop each slot's scores are written by one thread.
    private let log: EvaluationLog
    private let counts: Covisitation
    private let sources: [Float]
    private let targets: [Float]
    private let fallback: [Float]
    private let recency: [Float]
    private var histories: [[Int32]] = []

    /// Events of a history that are looked at, the latest; and the weight below which older ones are not.
    private static let depth = 200
    private static let negligible = 1e-4

    /// Counts the split's training events.
    public convenience init(_ log: EvaluationLog, _ split: Split, settings: KNNSettings) {
        self.init(log, split, settings, Covisitation(log, split, settings.covisits))
    }

    /// With co-visits that are counted already, for settings that differ in the query's part alone.
    init(_ log: EvaluationLog, _ split: Split, _ settings: KNNSettings, _ counts: Covisitation) {
        self.log = log
        self.counts = counts
        func powers(_ exponent: Double) -> [Float] {
            counts.totals.map { $0 > 0 ? pow($0, Float(-exponent)) : 0 }
        }
        sources = powers(settings.sourceExponent)
        targets = powers(settings.targetExponent)
        let most = Float(split.trainingCounts.max() ?? 0) + 1
        fallback = split.trainingCounts.map { $0 > 0 ? Float($0) / most - 1 : -.infinity }
        recency = (0..<Self.depth).map { pow(settings.recency, Double($0)) }.prefix { $0 > Self.negligible }
            .map(Float.init)
    }

    public func observe(_ event: LogEvent, role: Split.Role) {}

    public func ask(_ query: Query, slot: Int) {
        let events = log.events(of: query.user).prefix(query.historyLength)
        histories.append(events.suffix(recency.count).reversed().map { log.item(at: $0) })
    }

    public func score(into scores: MatrixView<Float>) {
        let target = Target(view: scores)
        Parallel.ranges(of: scores.rows) { _, range in
            for slot in range {
                score(histories[slot], into: target.view.pointer + slot * target.view.columns)
            }
        }
        histories.removeAll(keepingCapacity: true)
    }

    private func score(_ history: [Int32], into scores: UnsafeMutablePointer<Float>) {
        let items = targets.count
        scores.update(repeating: 0, count: items)
        counts.columns.withUnsafeBufferPointer { columns in
            counts.weights.withUnsafeBufferPointer { weights in
                for (item, weight) in zip(history, recency) {
                    let factor = weight * sources[Int(item)]
                    for entry in counts.starts[Int(item)]..<counts.starts[Int(item) + 1] {
                        scores[Int(columns[entry])] += factor * weights[entry]
                    }
                }
            }
        }
        for item in 0..<items { scores[item] = scores[item] > 0 ? scores[item] * targets[item] : fallback[item] }
    }

    private struct Target: @unchecked Sendable {
        // Unchecked: each piece of the loop writes rows of its own.
        let view: MatrixView<Float>
    }
}

extension KNNSettings {
    /// The part that decides the counts.
    var covisits: Covisitation.Settings {
        Covisitation.Settings(window: window, decay: decay, backward: backward, halfLife: halfLife)
    }
}
