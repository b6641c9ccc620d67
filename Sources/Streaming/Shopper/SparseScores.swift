import Commerce
import Retrieval
import TwoTower

/// Gathers the sparse part of shoppers' scores, in memory that is reused.
final class SparseScores {
    /// What was gathered last, per shopper; items are numbered by their rows in the model.
    private(set) var extras = ExtraScores()
    private let model: Model
    private let channel: SparseChannel
    private let scratch: SparseChannel.Scratch

    /// Nil for a model without a sparse channel.
    init?(model: Model) {
        guard let channel = model.channels.sparse else { return nil }
        self.model = model
        self.channel = channel
        scratch = channel.makeScratch()
    }

    /// Gathers the extra scores of these shoppers: a function of each one's last `SparseChannel.depth` events alone.
    func gather(of records: [ShopperRecord]) {
        extras.removeAll()
        for record in records {
            channel.forEachScore(ofLast: rows(of: record), scratch: scratch) { extras.append($1, to: $0) }
            extras.endUser()
        }
    }

    /// The item of the shopper that an item is listed for: the one whose neighbourhood gave most of its extra score.
    func reason(of item: ItemID, for record: ShopperRecord) -> ItemID? {
        guard let row = model.row(of: item) else { return nil }
        return channel.reason(of: Int32(row), inLast: rows(of: record)).map {
            record.entries[record.entries.count - 1 - $0].item
        }
    }

    /// Newest first.
    private func rows(of record: ShopperRecord) -> some Sequence<Int?> {
        record.entries.reversed().lazy.map { [model] in model.row(of: $0.item) }
    }
}
