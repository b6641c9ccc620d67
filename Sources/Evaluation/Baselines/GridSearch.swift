import Foundation

/// A value that a method can take, in an order in which neighbours are alike.
package struct Axis {
    package var name: String
    /// In ascending order.
    package var values: [Double]
    /// Place of the value that the search begins with.
    package var start: Int

    package init(name: String, values: [Double], start: Int) {
        self.name = name
        self.values = values
        self.start = start
    }
}

/// What settings reached on validation: recall@10 decides, and between equals, of which few queries make many, the mean
/// reciprocal rank.
package struct Score: Comparable {
    /// recall@10.
    package var recall: Double
    /// Mean of 1 / rank.
    package var reciprocalRank: Double

    package init(recall: Double, reciprocalRank: Double) {
        self.recall = recall
        self.reciprocalRank = reciprocalRank
    }

    init(_ results: [QueryResult]) {
        let count = Double(max(1, results.count))
        recall = Double(results.count { $0.rank <= 10 }) / count
        reciprocalRank = results.reduce(0) { $0 + 1 / Double($1.rank) } / count
    }

    package static func < (left: Score, right: Score) -> Bool {
        (left.recall, left.reciprocalRank) < (right.recall, right.reciprocalRank)
    }
}

/// Looks for the best settings.
///
/// All combinations are tried if there are few. Else one axis at a time: from the start, each axis in turn is followed
/// upwards and downwards as long as the score rises, and rounds go on until one changes nothing or the trials are used up;
/// the whole product would be hundreds of trainings. Since the axes reach well beyond sane values, the best does not stand
/// at an edge because the grid ends there.
package struct GridSearch {
    package var axes: [Axis]
    /// Trials at most.
    package var limit: Int

    package init(axes: [Axis], limit: Int) {
        self.axes = axes
        self.limit = limit
    }

    /// - Parameter evaluate: the score to maximise, of one value per axis.
    /// - Returns: the best values, and all trials in the order made.
    package func best(_ evaluate: ([Double]) throws(EvaluationError) -> Score) throws(EvaluationError) -> (
        values: [Double], trials: [Trial]
    ) {
        var trials: [Trial] = []
        var known: [[Int]: Score] = [:]
        func score(_ places: [Int]) throws(EvaluationError) -> Score? {
            if let score = known[places] { return score }
            guard trials.count < limit else { return nil }
            let began = ContinuousClock.now
            let score = try evaluate(values(places))
            known[places] = score
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            trials.append(Trial(settings: settings(places), recall: score.recall, seconds: seconds))
            return score
        }
        var best = axes.map(\.start)
        guard var top = try score(best) else { return (values(best), []) }
        func take(_ places: [Int]) throws(EvaluationError) -> Bool {
            guard zip(axes, places).allSatisfy({ $0.values.indices.contains($1) }), let reached = try score(places),
                reached > top
            else { return false }
            (best, top) = (places, reached)
            return true
        }
        if axes.reduce(1, { $0 * $1.values.count }) <= limit {
            for places in combinations() { _ = try take(places) }
            return (values(best), trials)
        }
        var before: [Int]
        repeat {
            before = best
            for axis in axes.indices {
                for direction in [1, -1] {
                    var next = best
                    repeat { next[axis] += direction } while try take(next)
                }
            }
        } while before != best
        return (values(best), trials)
    }

    private func combinations() -> [[Int]] {
        axes.reduce([[]]) { heads, axis in heads.flatMap { head in axis.values.indices.map { head + [$0] } } }
    }

    private func values(_ places: [Int]) -> [Double] { zip(axes, places).map { $0.values[$1] } }

    private func settings(_ places: [Int]) -> [Setting] {
        zip(axes, values(places)).map { Setting($0.name, Setting.text($1)) }
    }
}

extension Setting {
    /// `20`, `0.5`, `none` for infinity.
    static func text(_ value: Double) -> String {
        value.isInfinite ? "none" : value == value.rounded() ? String(format: "%.0f", value) : "\(value)"
    }
}
