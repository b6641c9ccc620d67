import Evaluation
import Streaming

/// What some rules cost and give on a split's queries.
package struct RuleFigures: Sendable {
    /// Of the lists, of which only what stands in them counts.
    package var recallAt10: Estimate
    package var recallAt20: Estimate
    /// recall@10 over that of the lists that others are compared with; nil for these themselves.
    package var lift: Lift?
    package var measures: ListMeasures
    /// Processor time of finding and composing a list.
    package var microseconds: Double

    /// - Parameters:
    ///   - outcome: of the split's queries.
    ///   - standard: the lists to compare with.
    package init(
        _ outcome: RuleTrial.Outcome, over standard: RuleTrial.Outcome?, _ trial: RuleTrial, _ log: EvaluationLog,
        _ split: Split
    ) {
        let results = Self.results(outcome.lists, log, split)
        let metrics = Metrics(results, split: split, items: log.items.count)
        recallAt10 = metrics.recallAt10
        recallAt20 = metrics.recallAt20
        lift = standard.map { Lift(results, over: Self.results($0.lists, log, split)) }
        measures = ListMeasures(outcome.lists.map { $0.map(\.found) }, in: trial.index)
        microseconds = outcome.microseconds
    }

    /// Answers by the place in the list; what is not in it comes behind all items. Without the lists themselves.
    private static func results(_ lists: [[ListComposer.Slot]], _ log: EvaluationLog, _ split: Split) -> [QueryResult] {
        zip(split.queries, lists).map { query, list in
            let target = log.items[Int(query.target)]
            let place = list.firstIndex { $0.found.item == target } ?? log.items.count
            return QueryResult(query: query, rank: place + 1, top: [])
        }
    }
}
