import Commerce
import LinearAlgebra

/// Up to `Slot.rowsInBlock` items with their vectors, in the tiles that `Kernels.scoreTiles` reads.
///
/// An index changes a block only while no snapshot shares it, and changes a copy otherwise.
final class ItemBlock: @unchecked Sendable {  // written only by the index that alone refers to it
    private let width: Int
    private var vectors: AlignedBuffer
    private(set) var entries: [ItemEntry] = []

    /// An empty block of vectors of `width` coordinates, a multiple of 16.
    init(width: Int) {
        self.width = width
        vectors = AlignedBuffer(count: Slot.rowsInBlock * width)
        entries.reserveCapacity(Slot.rowsInBlock)
    }

    /// A copy that may be changed.
    init(copying other: ItemBlock) {
        width = other.width
        vectors = AlignedBuffer(other.vectors.values.span)
        entries = other.entries
    }

    var count: Int { entries.count }

    /// Bytes that the vectors take, filled or not.
    var vectorBytes: Int { vectors.count * MemoryLayout<Float>.stride }

    /// The tiles that hold the block's items; rows past `count` in the last are zeros.
    var tiles: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: vectors.values[..<(Kernels.padded(count) * width)])
    }

    /// Whether the row holds this vector, bit for bit.
    func holds(_ vector: Span<Float>, at row: Int) -> Bool {
        for i in vector.indices {
            let held = vectors.values[position(of: row, coordinate: i)]
            if held.bitPattern != vector[i].bitPattern { return false }
        }
        return true
    }

    /// Replaces a row's vector, of at most `width` coordinates; those beyond it are 0.
    func setVector(_ vector: Span<Float>, at row: Int) {
        let values = vectors.mutableValues
        for i in vector.indices { values[position(of: row, coordinate: i)] = vector[i] }
    }

    /// Replaces what is held of a row's attributes.
    func setTraits(_ traits: ItemTraits, at row: Int) { entries[row].traits = traits }

    /// Adds a row.
    func append(_ entry: ItemEntry, _ vector: Span<Float>) {
        setVector(vector, at: entries.count)
        entries.append(entry)
    }

    /// Overwrites a row with a row of a block, which may be this one.
    func setRow(_ row: Int, to other: ItemBlock, row otherRow: Int) {
        entries[row] = other.entries[otherRow]
        let values = vectors.mutableValues
        for i in 0..<width {
            values[position(of: row, coordinate: i)] = other.vectors.values[position(of: otherRow, coordinate: i)]
        }
    }

    /// Removes the last row.
    func removeLast() {
        entries.removeLast()
        let values = vectors.mutableValues
        for i in 0..<width { values[position(of: count, coordinate: i)] = 0 }
    }

    private func position(of row: Int, coordinate: Int) -> Int {
        let (tile, lane) = (row / Kernels.lanes, row % Kernels.lanes)
        return (tile * width + Kernels.tilePosition(of: coordinate, width: width)) * Kernels.lanes + lane
    }
}
