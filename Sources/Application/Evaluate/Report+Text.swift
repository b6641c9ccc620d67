import Evaluation
import Foundation

extension Report {
    /// The figures of all methods as a table for a terminal.
    var table: String {
        var table = TextTable(
            ("method", .left), ("recall@10", .right), ("95%", .left), ("recall@20", .right), ("NDCG@10", .right),
            ("MRR", .right), ("coverage", .right), ("cold items", .right), ("cold users", .right),
            ("over als", .right), ("minutes", .right))
        for method in methods {
            let metrics = method.metrics
            let seconds = method.tuningSeconds + method.trainingSeconds + method.queryingSeconds
            table.add(
                method.name, Figure.share(metrics.recallAt10.value), Figure.interval(metrics.recallAt10),
                Figure.share(metrics.recallAt20.value), Figure.share(metrics.ndcgAt10.value),
                Figure.share(metrics.mrr.value), Figure.share(metrics.coverageAt10.value),
                metrics.coldItems.map { Figure.share($0.value) }, metrics.coldUsers.map { Figure.share($0.value) },
                method.lifts["als"]?.ratio.map(Figure.ratio), String(format: "%.1f", seconds / 60))
        }
        let facts = facts
        return "\(facts.name): protocol \(facts.protocol), \(facts.queries) queries of \(facts.queryUsers) users, "
            + "\(facts.items) items, test from \(facts.testStart)\n" + table.text
    }
}
