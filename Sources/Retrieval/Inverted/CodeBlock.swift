import Commerce
import LinearAlgebra

/// Up to `Slot.rowsInBlock` items of one list: 8-bit codes to scan, and the vectors themselves to score what the scan leaves.
///
/// What the codes of a row leave out of its difference from the list's centroid is known, so a scan of codes gives bounds of the true
/// scores.
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
        /// Tiles of 16 rows.
        let codes: UnsafePointer<UInt8>
        /// Bit j of tile t is set for row 16 t + j if there is one.
        let masks: UnsafeBufferPointer<UInt16>
        let names: UnsafePointer<ItemEntry.Name>
        let traits: UnsafePointer<ItemTraits>
        /// What bears the same stamp has the same rows.
        let stamp: UInt64
        /// The largest that a row's `CodedRow` says.
        let (reach, error, distance): (Float, Float, Float)
    }

    let list: Int
    private let partition: Partition
    private(set) var count = 0
    /// Rows that there is memory for.
    private var capacity = 0
    /// [capacity, width]
    private var vectors: FloatBuffer
    /// The masks in a cache line of their own, then the tiles: what a scan reads, in order.
    private var codes: FloatBuffer
    private var traits = Growing<ItemTraits>()
    private var names = ItemColumn(capacity: 0)
    private var (reach, error, distance): (Float, Float, Float) = (0, 0, 0)

    /// Rows that memory is made for at a time: most blocks of small lists end between the powers of two.
    private static let growth = 32
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
        (reach, error, distance) = (other.reach, other.error, other.distance)
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
            names: UnsafePointer(names.base), traits: UnsafePointer(traits.base), stamp: Stamp.next(), reach: reach,
            error: error, distance: distance)
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
        let bytes = capacity / 16 * Kernels.tileBytes(width: width)
        codes = codes.copy(count: Self.maskFloats + bytes / MemoryLayout<Float>.stride)
        names = ItemColumn(names, capacity: capacity)
    }

    /// Makes the codes of a row.
    private func encode(_ row: Int) {
        let coded = partition.centroids.with(list) { centroid in
            CodedRow.write(vector(row), from: centroid, row: row, into: codes.pointer + Self.maskFloats)
        }
        (error, reach) = (max(error, coded.error), max(reach, coded.reach))
        distance = max(distance, coded.distance)
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
