import Commerce
import Evaluation

/// A log from lines `user item time`, times in seconds; action browse.
func smallLog(_ lines: String, catalogue: [String] = []) throws -> EvaluationLog {
    var builder = EvaluationLogBuilder()
    for line in lines.split(separator: "\n") {
        let words = line.split(separator: " ").map(String.init)
        builder.append(
            Event(
                action: .browse, shopper: .known(words[0]), item: ItemID(words[1]),
                time: EventTime(milliseconds: (Int64(words[2]) ?? 0) * 1000)))
    }
    for item in catalogue { builder.append(CatalogueItem(item: ItemID(item), title: item)) }
    return try builder.build()
}

/// `user:history:target` of each query, as a test can write it down.
func described(_ queries: [Query], _ log: EvaluationLog) -> [String] {
    queries.map { "\(log.users[Int($0.user)].id):\($0.historyLength):\(log.items[Int($0.target)].rawValue)" }
}
