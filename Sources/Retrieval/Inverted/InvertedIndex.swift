import Commerce
import LinearAlgebra

/// Items in the lists of a partition, scanned as 8-bit codes and scored exactly where a code says that it may matter.
///
/// A search looks into the lists that promise most, which tells what a score must reach, then into all others that promise as
/// much, and returns the exact best of the items in them: the codes' error is known, so nothing is lost but what lies in
/// other lists. With one list that is a flat scan, and nothing is lost at all.
///
/// Copies share blocks until one changes, as those of `ExactIndex` do. The last row of a list fills the place of a removed one,
/// and blocks that become empty are used again: memory follows the number of items, not the number of changes.
public struct InvertedIndex: ItemIndex {
    public let partition: Partition
    /// Which lists a search looks into.
    public private(set) var breadth: SearchBreadth
    /// Which lists one for a user from whom a filter keeps items looks into: they may be what lies next to the user.
    public private(set) var filteredBreadth: SearchBreadth
    public private(set) var count = 0
    private(set) var blocks = Paged<CodeBlock>(shift: 6)
    /// What searches read of the blocks, in the same places.
    private(set) var views: [CodeBlock.View] = []
    /// Changes whenever a block does.
    private(set) var stamp = Stamp.next()
    /// Places in `blocks` that are free; empty blocks stand there.
    private var free: [Int] = []
    /// Per list its blocks, all full but the last.
    private(set) var chains: BlockChains
    /// What its lists and regions may reach, by what they hold.
    private(set) var reaches: Reaches
    private(set) var slots = ItemSlots()
    private(set) var numbered = NumberedSlots()
    private(set) var profiles = ProfileTable()

    /// The same items, looked for in more lists or fewer.
    ///
    /// - Parameter filtered: for users from whom a filter keeps items; nil for the same.
    public func looking(_ breadth: SearchBreadth, filtered: SearchBreadth? = nil) -> InvertedIndex {
        var other = self
        (other.breadth, other.filteredBreadth) = (breadth, filtered ?? breadth)
        other.version = other.makeVersion()
        return other
    }

    /// An empty index, whose searches look into all lists.
    public init(_ partition: Partition) {
        self.partition = partition
        (breadth, filteredBreadth) = (.everything, .everything)
        chains = BlockChains(lists: partition.lists)
        reaches = Reaches(partition)
        version = makeVersion()
    }

    /// Whether there is one list, so that a search misses nothing.
    public var isFlat: Bool { partition.lists == 1 }

    /// Kept, as every list cites it.
    public private(set) var version = ""

    private func makeVersion() -> String {
        isFlat ? "flat-1" : "inverted-6-\(partition.version)-\(breadth)-\(filteredBreadth)"
    }

    public var dimension: Int { partition.dimension }

    /// Bytes that vectors and codes take.
    public var vectorBytes: Int { blocks.values.reduce(0) { $0 + $1.bytes } }

    /// Numbers that profiles of items have taken.
    package var profileCount: Int { profiles.meanings.count }

    public func contains(_ item: ItemID) -> Bool { slots[item] != nil }

    /// All items, in no order.
    public var items: [ItemID] { blocks.values.flatMap { block in (0..<block.count).map { block.entry($0).item } } }

    /// An item's vector and number; nil if it is not held.
    public func vector(of item: ItemID) -> (vector: [Float], number: Int32?)? {
        guard let slot = slots[item] else { return nil }
        let vector = UnsafeBufferPointer(start: blocks[slot.block].vector(slot.row), count: dimension)
        return (Array(vector), entry(at: slot).number)
    }

    public func held(_ item: ItemID) -> (attributes: ItemAttributes, isNew: Bool)? {
        slots[item].map { slot in
            let entry = entry(at: slot)
            return (profiles.attributes(entry.traits), entry.number == nil)
        }
    }

    public mutating func upsert(
        _ item: ItemID, _ vector: Span<Float>, _ attributes: ItemAttributes, number: Int32?
    ) throws(RetrievalError) {
        try RetrievalError.check(vector, of: item, dimension: dimension)
        if let slot = slots[item], holds(vector, at: slot) { return setAttributes(attributes, at: slot) }
        let (width, partition) = (partition.width, partition)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * width + partition.scoreRoom) { memory in
            guard let row = memory.baseAddress else { return }
            let turned = UnsafeMutableBufferPointer(rebasing: memory[width..<2 * width])
            memory.initialize(repeating: 0)
            for i in vector.indices { row[i] = vector[i] }
            Kernels.turn(row, width: width, into: row + width)
            let list = partition.list(
                of: UnsafeBufferPointer(turned), scores: UnsafeMutableBufferPointer(rebasing: memory[(2 * width)...]))
            put(item, UnsafePointer(row), list, attributes, number: number)
        }
    }

    private mutating func put(
        _ item: ItemID, _ vector: UnsafePointer<Float>, _ list: Int, _ attributes: ItemAttributes, number: Int32?
    ) {
        var number = number
        if let slot = slots[item] {
            if blocks[slot.block].list == list {
                setAttributes(attributes, at: slot)
                change(slot.block) { $0.setVector(vector, at: slot.row) }
                return
            }
            number = entry(at: slot).number
            remove(item)
        }
        let place = blockWithRoom(list)
        let slot = Slot(block: place, row: blocks[place].count)
        let entry = ItemEntry(item, number: number, traits: profiles.enter(attributes))
        change(place) { $0.append(entry, vector) }
        slots[item] = slot
        numbered.move(number, to: slot)
        reaches.add(1, to: list)
        count += 1
    }

    private mutating func setAttributes(_ attributes: ItemAttributes, at slot: Slot) {
        let old = entry(at: slot).traits
        let traits = profiles.change(old, to: attributes)
        if traits != old { change(slot.block) { $0.setTraits(traits, at: slot.row) } }
    }

    private func holds(_ vector: Span<Float>, at slot: Slot) -> Bool {
        let held = blocks[slot.block].vector(slot.row)
        for i in vector.indices where held[i].bitPattern != vector[i].bitPattern { return false }
        return true
    }

    private func entry(at slot: Slot) -> ItemEntry { blocks[slot.block].entry(slot.row) }

    /// Place of the list's last block if that has room, or of a new one.
    private mutating func blockWithRoom(_ list: Int) -> Int {
        if let last = chains.last(of: list), !blocks[last].isFull { return last }
        let place = free.popLast() ?? blocks.count
        put(CodeBlock(list: list, of: partition), at: place)
        chains.append(place, to: list)
        return place
    }

    @discardableResult public mutating func remove(_ item: ItemID) -> Bool {
        guard let slot = slots[item], let last = chains.last(of: blocks[slot.block].list) else { return false }
        let (list, end) = (blocks[last].list, Slot(block: last, row: blocks[last].count - 1))
        slots[item] = nil
        let gone = entry(at: slot)
        numbered.remove(gone.number, from: slot)
        profiles.leave(gone.traits.profile)
        if slot != end { moveRow(end, to: slot) }
        change(last) { $0.removeLast() }
        if end.row == 0 {
            chains.removeLast(of: list)
            put(CodeBlock(list: list, of: partition), at: last)
            free.append(last)
        }
        reaches.add(-1, to: list)
        count -= 1
        return true
    }

    private mutating func moveRow(_ source: Slot, to target: Slot) {
        let moved = entry(at: source)
        slots[moved.item] = target
        if let number = moved.number, numbered[number] == source { numbered.move(number, to: target) }
        let width = partition.width
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { memory in
            guard let vector = memory.baseAddress else { return }
            vector.initialize(from: blocks[source.block].vector(source.row), count: width)
            change(target.block) { $0.setRow(target.row, moved, vector) }
        }
    }

    private mutating func put(_ block: CodeBlock, at place: Int) {
        if place == blocks.count {
            blocks.append(block)
            views.append(block.view)
        } else {
            blocks[place] = block
            views[place] = block.view
        }
        stamp = views[place].stamp
    }

    /// Changes a block, or a copy of it if a snapshot shares it.
    private mutating func change(_ place: Int, _ body: (CodeBlock) -> Void) {
        if !isKnownUniquelyReferenced(&blocks[place]) { blocks[place] = CodeBlock(copying: blocks[place]) }
        body(blocks[place])
        views[place] = blocks[place].view
        stamp = views[place].stamp
    }
}
