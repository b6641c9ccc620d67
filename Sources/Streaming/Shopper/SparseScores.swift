import Commerce
import Retrieval
import TwoTower

/// Gathers the sparse part of shoppers' scores, in memory that is reused.
package final class SparseScores {
    /// What was gathered last, per shopper; items are numbered by their rows in the model.
    package private(set) var extras = ExtraScores()
    /// Per shopper the rows of the last items, newest first; nil for an item that the model does not know.
    private var last: [[Int?]] = []
    private let model: Model
    private let channel: SparseChannel
    private let scratch: SparseChannel.Scratch

    /// Nil for a model without a sparse channel.
    package init?(model: Model) {
        guard let channel = model.channels.sparse else { return nil }
        self.model = model
        self.channel = channel
        scratch = channel.makeScratch()
    }

    /// Gathers the extra scores of these shoppers: a function of each one's last `SparseChannel.depth` events alone.
    func gather(of records: [ShopperRecord]) {
        gather(
            ofLast: records.map { record in
                record.entries.suffix(SparseChannel.depth).reversed().map { model.row(of: $0.item) }
            })
    }

    /// Gathers the extra scores of shoppers of whom the rows of the last items are known, newest first; nil for an item that the model
    /// does not know.
    package func gather(ofLast last: [[Int?]]) {
        self.last = last
        extras.removeAll()
        for rows in last {
            channel.withScores(ofLast: rows, scratch: scratch) { extras.appendUser($0.span, $1.span) }
        }
    }

    /// The items of the shopper that a list's items are for: those whose neighbourhoods gave most of their extra scores.
    ///
    /// - Parameters:
    ///   - list: of an index in which the checkpoint's items have their rows as numbers.
    ///   - shopper: the place of `record` among those gathered last.
    func reasons(of list: [ListComposer.Slot], for shopper: Int, _ record: ShopperRecord) -> [ItemID?] {
        // An item that the checkpoint does not know has no neighbours; each gets a row that no item has.
        let rows = list.enumerated().map { $1.found.number ?? Int32.max - Int32($0) }
        return channel.reasons(of: rows, inLast: last[shopper], scratch: scratch).map { age in
            age.map { record.entries[record.entries.count - 1 - $0].item }
        }
    }
}
