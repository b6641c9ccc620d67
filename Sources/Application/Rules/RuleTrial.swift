import Commerce
import Evaluation
import Observability
import Retrieval
import Streaming
import TwoTower

/// Makes the lists of a split's queries by whatever rules, with the code that serves.
///
/// Towers and items stay as the checkpoint has them, as in `breadcrumb run`. What the user has had is left out, for the protocols ask for
/// what is new to a user.
package final class RuleTrial {
    /// What came of some rules.
    package struct Outcome {
        /// Of each query, in order of the split's.
        package var lists: [[ListComposer.Slot]]
        /// Processor time of finding and composing a list.
        package var microseconds: Double
    }

    package let index: InvertedIndex
    private let size: Int
    private let users: [ListSearch.User]
    /// [users, dimension]
    private let queries: [Float]
    private let lastRows: [[Int?]]
    private let sparse: SparseScores?

    /// Lists that are made together, as in a batch of the stream.
    private static let batch = 64

    /// - Parameters:
    ///   - size: of a list.
    ///   - recall: share of the exact best that a search has to find on average.
    ///   - market: the attribute of events that names a user's market; nil where there are none.
    package init(
        _ log: EvaluationLog, _ split: Split, _ model: Model, size: Int, recall: Double, market: String?
    ) throws {
        let catalogue = try LiveCatalogue(model: model, recall: recall, listSize: size)
        catalogue.apply(log.catalogue.map { .upsert($0) }, partition: 0, next: Int64(log.catalogue.count))
        catalogue.waitForPlan()
        index = catalogue.snapshot.index
        self.size = size
        let known = try QueryUsers(of: split.queries, in: log, by: model)
        queries = known.vectors
        users = split.queries.map { query in
            let history = log.events(of: query.user).prefix(query.historyLength)
            return ListSearch.User(
                market: market.flatMap { Self.market(in: history, of: log, by: $0) },
                excluded: ItemExclusions(Set(history.map { log.items[Int(log.item(at: $0))] })))
        }
        lastRows = known.lastRows
        sparse = SparseScores(model: model)
    }

    /// The lists by these rules.
    package func run(_ rules: ListRules) throws -> Outcome {
        let search = ListSearch(rules: rules, size: size, audit: nil)
        var lists: [[ListComposer.Slot]] = []
        var nanoseconds: Int64 = 0
        for first in stride(from: 0, to: users.count, by: Self.batch) {
            let some = first..<min(first + Self.batch, users.count)
            sparse?.gather(ofLast: Array(lastRows[some]))
            let start = ProcessStatistics.threadNanoseconds()
            lists += try search.lists(
                of: Array(users[some]),
                queries: Array(queries[some.lowerBound * index.dimension..<some.upperBound * index.dimension]),
                adding: sparse?.extras ?? ExtraScores(), in: index)
            nanoseconds += ProcessStatistics.threadNanoseconds() - start
        }
        return Outcome(lists: lists, microseconds: Double(nanoseconds) / 1000 / Double(max(1, users.count)))
    }

    /// What the newest event that bears the attribute says, as for a shopper's record.
    private static func market(in history: ArraySlice<Int32>, of log: EvaluationLog, by attribute: String) -> String? {
        for row in history.reversed() {
            if let market = log.attributeSets[Int(log[Int(row)].attributes)][attribute] {
                return market.isEmpty ? nil : market
            }
        }
        return nil
    }
}
