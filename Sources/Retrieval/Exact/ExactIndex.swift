import Commerce
import LinearAlgebra

/// All items in blocks of rows, each scored exactly for every query.
///
/// Copies share blocks and shards of the id map until one changes, so a snapshot costs two references and a change
/// copies one or two blocks however large the catalogue. Rows are kept dense: the last row fills the place of a
/// removed one, so memory follows the number of items, not the number of changes.
public struct ExactIndex: ItemIndex {
    /// Scores are exact and ties go by id, so nothing but the vectors shapes a result; 1 is the canonical order of sums.
    public let version = "exact-1"
    public let dimension: Int
    public private(set) var count = 0
    private(set) var blocks: [ItemBlock] = []
    private(set) var slots = ItemSlots()
    private(set) var numbered = NumberedSlots()
    private(set) var profiles = ProfileTable()

    /// An empty index of vectors of `dimension` coordinates, at least 1.
    public init(dimension: Int) {
        precondition(dimension > 0, "an index of \(dimension) coordinates")
        self.dimension = dimension
    }

    /// Floats of a row: `dimension` with zeros up to what the kernels take.
    var width: Int { Kernels.padded(dimension) }

    /// Bytes that the vectors take: those of `count` rows, rounded up to a block.
    public var vectorBytes: Int { blocks.reduce(0) { $0 + $1.vectorBytes } }

    public func contains(_ item: ItemID) -> Bool { slots[item] != nil }

    public func held(_ item: ItemID) -> (attributes: ItemAttributes, isNew: Bool)? {
        slots[item].map { slot in
            let entry = blocks[slot.block].entries[slot.row]
            return (profiles.attributes(entry.traits), entry.number == nil)
        }
    }

    public mutating func upsert(
        _ item: ItemID, _ vector: Span<Float>, _ attributes: ItemAttributes, number: Int32?
    ) throws(RetrievalError) {
        try RetrievalError.check(vector, of: item, dimension: dimension)
        if let slot = slots[item] {
            let old = blocks[slot.block].entries[slot.row].traits
            let traits = profiles.change(old, to: attributes)
            if old != traits { changeableBlock(slot.block).setTraits(traits, at: slot.row) }
            if !blocks[slot.block].holds(vector, at: slot.row) {
                changeableBlock(slot.block).setVector(vector, at: slot.row)
            }
            return
        }
        let slot = Slot(count)
        if slot.block == blocks.count { blocks.append(ItemBlock(width: width)) }
        let entry = ItemEntry(item, number: number, traits: profiles.enter(attributes))
        changeableBlock(slot.block).append(entry, vector)
        slots[item] = slot
        numbered.move(number, to: slot)
        count += 1
    }

    @discardableResult public mutating func remove(_ item: ItemID) -> Bool {
        guard let slot = slots[item] else { return false }
        slots[item] = nil
        let gone = blocks[slot.block].entries[slot.row]
        numbered.remove(gone.number, from: slot)
        profiles.leave(gone.traits.profile)
        let last = Slot(count - 1)
        if slot != last {
            let moved = blocks[last.block].entries[last.row]
            slots[moved.item] = slot
            if let number = moved.number, numbered[number] == last { numbered.move(number, to: slot) }
            changeableBlock(slot.block).setRow(slot.row, to: blocks[last.block], row: last.row)
        }
        changeableBlock(last.block).removeLast()
        if last.row == 0 { blocks.removeLast() }
        count -= 1
        return true
    }

    /// The block, copied first if a snapshot shares it. To be used at once: while it is held elsewhere it counts as shared.
    private mutating func changeableBlock(_ index: Int) -> ItemBlock {
        if !isKnownUniquelyReferenced(&blocks[index]) { blocks[index] = ItemBlock(copying: blocks[index]) }
        return blocks[index]
    }
}
