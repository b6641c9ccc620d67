import Evaluation
import Foundation

/// Figures of several rules as a table for a terminal.
struct RuleReport {
    private let head: String
    private var table = TextTable(
        ("rules", .left), ("recall@10", .right), ("95%", .left), ("over the first", .left), ("recall@20", .right),
        ("items", .right), ("diversity", .right), ("categories", .right), ("brands", .right), ("new", .right),
        ("coverage", .right), ("µs", .right))

    /// - Parameter size: of a list.
    init(_ log: EvaluationLog, _ split: Split, size: Int) {
        let users = Set(split.queries.map(\.user)).count
        head =
            "protocol \(split.setting.rawValue), \(split.queries.count) queries of \(users) users, "
            + "\(log.items.count) items, lists of \(size)\n"
    }

    mutating func add(_ name: String, _ figures: RuleFigures) {
        let measures = figures.measures
        table.add(
            name, Figure.share(figures.recallAt10.value), Figure.interval(figures.recallAt10),
            figures.lift.map(Figure.lift), Figure.share(figures.recallAt20.value),
            String(format: "%.2f", measures.length), measures.diversity.map(Figure.share),
            measures.categories.map(Figure.share), measures.brands.map(Figure.share), measures.new.map(Figure.share),
            Figure.share(measures.coverage), String(format: "%.0f", figures.microseconds))
    }

    var text: String { head + table.text }
}
