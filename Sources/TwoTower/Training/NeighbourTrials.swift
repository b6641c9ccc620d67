import LinearAlgebra

/// The neighbour tables of the events before a replay, each made when it is first asked for.
final class NeighbourTrials {
    private let histories: Histories
    private let occurrences: [Int32]
    /// The pairs counted last: rules that differ in the damping alone share them.
    private var latest: (rule: Cooccurrence.Rule, pairs: Cooccurrence)?
    private var tables: [NeighbourTable.Rule: NeighbourTable] = [:]

    /// - Parameter occurrences: how often each item occurs in `histories`.
    init(_ histories: Histories, occurrences: [Int32]) {
        self.histories = histories
        self.occurrences = occurrences
    }

    /// The table of a rule.
    func table(_ rule: NeighbourTable.Rule) -> NeighbourTable {
        if let table = tables[rule] { return table }
        let pairs: Cooccurrence
        if let latest, latest.rule == rule.pairs {
            pairs = latest.pairs
        } else {
            pairs = Cooccurrence(histories, items: occurrences.count, rule: rule.pairs)
            latest = (rule.pairs, pairs)
        }
        let table = NeighbourTable(pairs, occurrences: occurrences, damping: rule.damping)
        tables[rule] = table
        return table
    }
}
