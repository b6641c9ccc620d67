import Commerce
import Retrieval
import TwoTower

/// Gathers the sparse part of shoppers' scores, in memory that is reused.
package final class SparseScores {
    /// What was gathered last, per shopper; items are numbered by their rows in the model.
    package private(set) var extras = ExtraScores()
    /// Of each extra score, which of the last items gave most of it.
    private var ages: [UInt8] = []
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
        ages.removeAll(keepingCapacity: true)
        for (user, rows) in last.enumerated() {
            if user + 1 < last.count { channel.approach(last: last[user + 1]) }
            channel.withScores(ofLast: rows, scratch: scratch) { found in
                extras.appendUser(found.rows.span, found.scores.span)
                ages.append(contentsOf: found.ages)
            }
        }
    }

    /// Which of a shopper's last events each of some items is for, 0 being the newest: the one whose neighbourhood gave most of its
    /// extra score; nil if none gave any.
    ///
    /// - Parameters:
    ///   - numbers: the items' rows in the model, nil for an item that it does not know.
    ///   - user: the shopper's place in what was gathered last.
    func reasons(of numbers: [Int32?], user: Int) -> [Int?] {
        extras.places(of: numbers, user: user).map { place in place.map { Int(ages[$0]) } }
    }
}
