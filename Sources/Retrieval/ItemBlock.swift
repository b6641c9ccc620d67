import Commerce
import LinearAlgebra

/// Up to `capacity` items with their vectors, in the tiles that `Kernels.scoreTiles` reads.
///
/// An index changes a block only while no snapshot shares it, and changes a copy otherwise.
final class ItemBlock: @unchecked Sendable {  // written only by the index that alone refers to it
    /// Rows of a block, a multiple of 16: what a change copies at most, and a search scores at a time.
    static let capacity = 512

    /// An item, its number, what settles most ties (the first 8 bytes of its id, as a number in the id's order) and its hash.
    struct Entry {
        let item: ItemID
        let number: Int32?
        let prefix: UInt64
        let hash: Int

        init(_ item: ItemID, number: Int32?) {
            self.item = item
            self.number = number
            hash = item.hashValue
            var prefix: UInt64 = 0
            var shift: UInt64 = 64
            for byte in item.rawValue.utf8.prefix(8) {
                shift -= 8
                prefix |= UInt64(byte) << shift
            }
            self.prefix = prefix
        }
    }

    private let width: Int
    private var vectors: AlignedBuffer
    private(set) var entries: [Entry] = []

    /// An empty block of vectors of `width` coordinates, a multiple of 16.
    init(width: Int) {
        self.width = width
        vectors = AlignedBuffer(count: Self.capacity * width)
        entries.reserveCapacity(Self.capacity)
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

    /// Adds a row.
    func append(_ entry: Entry, _ vector: Span<Float>) {
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
