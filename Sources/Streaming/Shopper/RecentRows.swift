import Commerce
import TwoTower

/// The model's rows of a shopper's last items, kept beside the record so that a list need not look ten items up.
///
/// The record's entries say it all: so nothing of this is stored, and any two are equal.
package struct RecentRows: Equatable, Sendable {
    /// How many are kept: `SparseChannel.depth`.
    package static let length = 10

    /// Newest first; -1 for an item that the checkpoint does not know, and where there is none.
    private var rows = InlineArray<10, Int32>(repeating: -1)
    /// Of how many entries these are the rows; nil where it has not been worked out.
    private var entries: Int?

    package static func == (left: RecentRows, right: RecentRows) -> Bool { true }

    /// Whether these are the rows of the last of some entries.
    func areOf(_ entries: [ShopperRecord.Entry]) -> Bool { self.entries == min(entries.count, Self.length) }

    /// Looks the last entries' items up.
    mutating func lookUp(_ all: [ShopperRecord.Entry], in model: Model) {
        self = RecentRows()
        for entry in all.suffix(Self.length) { shift(model.row(of: entry.item)) }
        entries = min(all.count, Self.length)
    }

    /// Adds the row of a new entry, the last of `all`: what has left the history before it leaves these too.
    mutating func add(_ row: Int?, lastOf all: [ShopperRecord.Entry]) {
        guard entries != nil else { return }
        shift(row)
        let kept = min(all.count, Self.length)
        for place in kept..<Self.length { rows[place] = -1 }
        entries = kept
    }

    private mutating func shift(_ row: Int?) {
        for place in stride(from: Self.length - 1, to: 0, by: -1) { rows[place] = rows[place - 1] }
        rows[0] = row.map(Int32.init) ?? -1
    }

    /// The newest entry's row.
    var newest: Int? { rows[0] < 0 ? nil : Int(rows[0]) }

    /// Whether one of the items is known to the checkpoint.
    var holdsKnown: Bool { rows.indices.contains { rows[$0] >= 0 } }

    /// The rows, newest first, nil for an item that the checkpoint does not know.
    var newestFirst: [Int?] { (0..<(entries ?? 0)).map { rows[$0] < 0 ? nil : Int(rows[$0]) } }
}
