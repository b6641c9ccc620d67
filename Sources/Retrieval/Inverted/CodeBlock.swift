import Commerce
import LinearAlgebra

/// Up to `Slot.rowsInBlock` items of one list: 8-bit codes to scan, and the vectors themselves to score what the scan leaves.
///
/// A code c of coordinate i stands for centroid[i] + step · (c - 128). What that leaves out is known: `error` bounds the
/// length of the difference, so a scan of codes gives bounds of the true scores.
///
/// An index changes a block only while no snapshot shares it, and changes a copy otherwise. A copy shares the parts that a change
/// does not touch: another price copies neither vectors nor names.
final class CodeBlock: @unchecked Sendable {  // written only by the index that alone refers to it
    /// What a search reads of a block, valid while the block lives and does not change.
    struct View: @unchecked Sendable {  // as the block is
        let list: Int
        let count: Int
        /// [count, width]
        let vectors: UnsafePointer<Float>
        /// Bytes in tiles [tiles, width / 4, 16, 4].
        let codes: UnsafePointer<UInt8>
        /// Bit j of tile t is set for row 16 t + j if there is one.
        let masks: UnsafeBufferPointer<UInt16>
        let names: UnsafePointer<ItemEntry.Name>
        let traits: UnsafePointer<ItemTraits>
        /// What bears the same stamp has the same rows.
        let stamp: UInt64
        /// Size of a code's unit.
        let step: Float
        /// The largest distance of a row from what its codes stand for.
        let error: Float
        /// The largest length of what codes add to the centroid.
        let reach: Float
    }

    let list: Int
    private let partition: Partition
    private(set) var count = 0
    /// Rows that there is memory for.
    private var capacity = 0
    /// [capacity, width]
    private var vectors: FloatBuffer
    /// The masks in a cache line of their own, then bytes in tiles [capacity / 16, width / 4, 16, 4]: what a scan reads, in order.
    private var codes: FloatBuffer
    private var traits = Growing<ItemTraits>()
    private var names = ItemColumn(capacity: 0)
    private var (step, error, reach): (Float, Float, Float) = (0, 0, 0)

    /// Rows that memory is made for at a time: most blocks of small lists end between the powers of two.
    private static let growth = 32
    /// Differences up to this are left out of the codes: a unit for them would have no inverse.
    private static let nothing: Float = 0x1p-100
    /// Floats that the masks take the place of.
    private static let maskFloats = 16

    /// An empty block of a list.
    init(list: Int, of partition: Partition) {
        self.list = list
        self.partition = partition
        vectors = FloatBuffer(count: 0)
        codes = FloatBuffer(count: Self.maskFloats)
    }

    /// A copy that may be changed.
    init(copying other: CodeBlock) {
        list = other.list
        partition = other.partition
        count = other.count
        capacity = other.capacity
        (vectors, codes, names, traits) = (other.vectors, other.codes, other.names, other.traits)
        (step, error, reach) = (other.step, other.error, other.reach)
    }

    var isFull: Bool { count == Slot.rowsInBlock }
    private var width: Int { partition.width }

    /// What a search reads of the block as it is now, under a new stamp.
    var view: View {
        View(
            list: list, count: count, vectors: UnsafePointer(vectors.pointer),
            codes: UnsafeRawPointer(codes.pointer + Self.maskFloats).assumingMemoryBound(to: UInt8.self),
            masks: UnsafeBufferPointer(
                start: UnsafeRawPointer(codes.pointer).assumingMemoryBound(to: UInt16.self), count: (count + 15) / 16),
            names: UnsafePointer(names.base), traits: UnsafePointer(traits.base), stamp: Stamp.next(), step: step,
            error: error,
            reach: reach)
    }

    /// Bytes that vectors, codes, names and attributes take, filled or not.
    var bytes: Int {
        capacity == 0 ? 0 : (vectors.count + codes.count) * MemoryLayout<Float>.stride + names.bytes + traits.bytes
    }

    /// What a row stands for.
    func entry(_ row: Int) -> ItemEntry { ItemEntry(names.base[row], traits: traits.base[row]) }

    /// The vector of a row, [width].
    func vector(_ row: Int) -> UnsafePointer<Float> { UnsafePointer(vectors.pointer + row * width) }

    /// Adds a row; the block is not full.
    ///
    /// - Parameter vector: [width].
    func append(_ entry: ItemEntry, _ vector: UnsafePointer<Float>) {
        ownAll()
        if count == capacity { grow() }
        let row = count
        names.append(entry.name)
        count += 1
        traits.append(entry.traits)
        setMask(row, true)
        setVector(vector, at: row)
    }

    /// Replaces what is held of a row's attributes.
    func setTraits(_ traits: ItemTraits, at row: Int) {
        self.traits.own()
        self.traits.base[row] = traits
    }

    /// Replaces a row's vector, [width].
    func setVector(_ vector: UnsafePointer<Float>, at row: Int) {
        ownVectors()
        (vectors.pointer + row * width).update(from: vector, count: width)
        encode(row)
    }

    /// Overwrites a row; vector: [width].
    func setRow(_ row: Int, _ entry: ItemEntry, _ vector: UnsafePointer<Float>) {
        ownAll()
        names.base[row] = entry.name
        traits.base[row] = entry.traits
        setVector(vector, at: row)
    }

    /// Removes the last row; of what blocks share, vectors and attributes beyond the end do no harm.
    func removeLast() {
        ownNames()
        ownCodes()
        count -= 1
        traits.count -= 1
        names.removeLast()
        setMask(count, false)
    }

    /// Copies what other blocks share.
    private func ownAll() {
        traits.own()
        ownNames()
        ownVectors()
    }

    private func ownNames() {
        if !isKnownUniquelyReferenced(&names) { names = ItemColumn(names, capacity: capacity) }
    }

    private func ownVectors() {
        if !isKnownUniquelyReferenced(&vectors) { vectors = vectors.copy() }
        ownCodes()
    }

    private func ownCodes() { if !isKnownUniquelyReferenced(&codes) { codes = codes.copy() } }

    private func setMask(_ row: Int, _ counts: Bool) {
        let masks = UnsafeMutableRawPointer(codes.pointer)
        var mask = masks.load(fromByteOffset: row / 16 * 2, as: UInt16.self)
        if counts { mask |= 1 << UInt16(row % 16) } else { mask &= ~(1 << UInt16(row % 16)) }
        masks.storeBytes(of: mask, toByteOffset: row / 16 * 2, as: UInt16.self)
    }

    private func grow() {
        capacity += Self.growth
        vectors = vectors.copy(count: capacity * width)
        codes = codes.copy(count: Self.maskFloats + capacity * width / 4)
        names = ItemColumn(names, capacity: capacity)
    }

    /// Makes the codes of a row, and those of all rows anew if the unit is too small for it.
    private func encode(_ row: Int) {
        let largest = partition.centroids.with(list) { centroid in
            let vector = vector(row)
            return (0..<width).reduce(Float(0)) { max($0, (vector[$1] - centroid[$1]).magnitude) }
        }
        guard largest <= max(127 * step, Self.nothing) else {
            // With some room, lest the next row need it all again.
            step = largest / (count == 1 ? 127 : 120)
            (error, reach) = (0, 0)
            for row in 0..<count { write(row) }
            return
        }
        write(row)
    }

    private func write(_ row: Int) {
        let vector = vector(row)
        let tile = UnsafeMutableRawPointer(codes.pointer + Self.maskFloats) + row / 16 * 16 * width + row % 16 * 4
        let inverse = step > 0 ? 1 / step : 0
        partition.centroids.with(list) { centroid in
            var (lost, kept) = (0.0, 0.0)
            for i in 0..<width {
                let code = ((vector[i] - centroid[i]) * inverse).rounded().clamped(to: -127...127)
                tile.storeBytes(of: UInt8(Int(code) + 128), toByteOffset: i / 4 * 64 + i % 4, as: UInt8.self)
                let meant = Double(step) * Double(code)
                let rest = Double(vector[i]) - Double(centroid[i]) - meant
                lost += rest * rest
                kept += meant * meant
            }
            error = max(error, Float(lost.squareRoot()).nextUp)
            reach = max(reach, Float(kept.squareRoot()).nextUp)
        }
    }
}

/// The names of a block's rows, at an address that a search may keep.
private final class ItemColumn {
    let base: UnsafeMutablePointer<ItemEntry.Name>
    private var count = 0
    let bytes: Int

    /// No names yet, and memory for `capacity` of them.
    init(capacity: Int) {
        bytes = capacity * MemoryLayout<ItemEntry.Name>.stride
        base = PageMemory.allocate(bytes).bindMemory(to: ItemEntry.Name.self, capacity: capacity)
    }

    /// The same names, with memory for `capacity` of them.
    convenience init(_ other: ItemColumn, capacity: Int) {
        self.init(capacity: capacity)
        base.initialize(from: other.base, count: other.count)
        count = other.count
    }

    deinit {
        base.deinitialize(count: count)
        PageMemory.deallocate(base, bytes)
    }

    func append(_ name: ItemEntry.Name) {
        (base + count).initialize(to: name)
        count += 1
    }

    func removeLast() {
        count -= 1
        (base + count).deinitialize(count: 1)
    }
}

extension Float {
    func clamped(to range: ClosedRange<Float>) -> Float { min(max(self, range.lowerBound), range.upperBound) }
}
