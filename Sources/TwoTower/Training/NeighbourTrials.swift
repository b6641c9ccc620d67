import LinearAlgebra

/// The neighbour tables of the events before a replay, each made when it is first asked for.
final class NeighbourTrials {
    private let histories: Histories
    private let occurrences: [Int32]
    /// The pairs counted last: rules that differ in the damping alone share them.
    private var latest: (rule: Cooccurrence.Rule, pairs: Cooccurrence)?
    private var tables: [NeighbourTable.Rule: NeighbourTable] = [:]

    /// - Parameters:
    ///   - pairs: of `histories`, by the default rule.
    ///   - occurrences: how often each item occurs in `histories`.
    init(_ histories: Histories, _ pairs: Cooccurrence, occurrences: [Int32]) {
        self.histories = histories
        self.occurrences = occurrences
        latest = (Cooccurrence.Rule(), pairs)
    }

    /// Forgets all tables but that of `rule`.
    func keep(only rule: NeighbourTable.Rule?) {
        tables = tables.filter { $0.key == rule }
    }

    /// The table of a rule.
    func table(_ rule: NeighbourTable.Rule) -> NeighbourTable {
        if let table = tables[rule] { return table }
        let pairs: Cooccurrence
        if let latest, latest.rule == rule.pairs {
            pairs = latest.pairs
        } else {
            latest = nil  // its memory goes before the next one's comes
            pairs = Cooccurrence(histories, items: occurrences.count, rule: rule.pairs)
            latest = (rule.pairs, pairs)
        }
        let table = NeighbourTable(pairs, occurrences: occurrences, damping: rule.damping)
        tables[rule] = table
        return table
    }
}
