import Foundation
import LinearAlgebra

/// The same list for everyone: items by the number of their training events.
public final class PopularityRecommender: Recommender {
    private let counts: [Float]

    public init(_ split: Split) { counts = split.trainingCounts.map(Float.init) }

    public func observe(_ event: LogEvent, role: Split.Role) {}

    public func ask(_ query: Query, slot: Int) {}

    public func score(into scores: MatrixView<Float>) {
        counts.withUnsafeBufferPointer { counts in
            guard let source = counts.baseAddress else { return }
            for slot in 0..<scores.rows {
                (scores.pointer + slot * scores.columns).update(from: source, count: scores.columns)
            }
        }
    }
}

/// What is popular now: every event counts half as much after `halfLife` further events of the log, and the counts go on
/// while the test period streams.
public final class RecentPopularityRecommender: Recommender {
    /// Weights grow instead of every count shrinking: an event's is `growth` times that of the one before.
    private let growth: Double
    private var weight = 1.0
    private var counts: [Double]
    private let captured: FloatBuffer

    /// - Parameter halfLife: in events.
    public init(_ log: EvaluationLog, halfLife: Double) {
        precondition(halfLife > 0)
        growth = exp2(1 / halfLife)
        counts = [Double](repeating: 0, count: log.items.count)
        captured = FloatBuffer(count: Runner.batch * counts.count)
    }

    public func observe(_ event: LogEvent, role: Split.Role) {
        counts[Int(event.item)] += weight
        weight *= growth
        guard weight > 1e100 else { return }
        for item in counts.indices { counts[item] /= weight }
        weight = 1
    }

    public func ask(_ query: Query, slot: Int) {
        let row = captured.pointer + slot * counts.count
        for item in counts.indices { row[item] = Float(counts[item] / weight) }
    }

    public func score(into scores: MatrixView<Float>) {
        scores.pointer.update(from: captured.pointer, count: scores.rows * scores.columns)
    }
}

/// What the user had before, by the user's own counts, then what is popular.
///
/// Strong where people buy the same again. The protocols here ask for items that are new to the user and take the history
/// out of every list, so what is left of this method is popularity: it stands in the table to say so.
public final class HistoryRecommender: Recommender {
    private let log: EvaluationLog
    private let popularity: PopularityRecommender
    private let top: Float
    private var histories: [ArraySlice<Int32>] = []

    public init(_ log: EvaluationLog, _ split: Split) {
        self.log = log
        popularity = PopularityRecommender(split)
        top = Float(split.trainingCounts.max() ?? 0) + 1
    }

    public func observe(_ event: LogEvent, role: Split.Role) {}

    public func ask(_ query: Query, slot: Int) {
        histories.append(log.events(of: query.user).prefix(query.historyLength))
    }

    public func score(into scores: MatrixView<Float>) {
        popularity.score(into: scores)
        for (slot, history) in histories.enumerated() {
            for row in history { scores.pointer[slot * scores.columns + Int(log.item(at: row))] += top }
        }
        histories.removeAll(keepingCapacity: true)
    }
}
