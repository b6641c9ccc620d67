import Commerce
import Retrieval
import TwoTower

/// Gathers the sparse part of shoppers' scores, in memory that is reused.
package final class SparseScores {
    /// What was gathered last, per shopper; items are numbered by their rows in the model.
    package private(set) var extras = ExtraScores()
    private let channel: SparseChannel
    private let scratch: SparseChannel.Scratch

    /// Nil for a model without a sparse channel.
    package init?(model: Model) {
        guard let channel = model.channels.sparse else { return nil }
        self.channel = channel
        scratch = channel.makeScratch()
    }

    /// Gathers the extra scores of shoppers: a function of each one's last `SparseChannel.depth` events alone.
    ///
    /// - Parameter last: per shopper the rows of the last items, newest first; nil for an item that the model does not know.
    package func gather(ofLast last: [[Int?]]) {
        extras.removeAll()
        for rows in last {
            channel.withScores(ofLast: rows, scratch: scratch) { extras.appendUser($0.span, $1.span) }
        }
    }

    /// Which of the shopper's last events a list's items are for, 0 being the newest: those whose neighbourhoods gave most of their
    /// extra scores.
    ///
    /// - Parameters:
    ///   - list: of an index in which the checkpoint's items have their rows as numbers.
    ///   - last: as in `gather`.
    func reasons(of list: [ListComposer.Slot], ofLast last: [Int?]) -> [Int?] {
        // An item that the checkpoint does not know has no neighbours; each gets a row that no item has.
        let rows = list.enumerated().map { $1.found.number ?? Int32.max - Int32($0) }
        return channel.reasons(of: rows, inLast: last, scratch: scratch)
    }
}
