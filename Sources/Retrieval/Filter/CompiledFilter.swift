/// What a filter lets through of an index: a bit for each row.
///
/// Made anew only for blocks that have changed, whichever copy of an index comes. For use by one thread at a time.
final class CompiledFilter {
    let filter: ItemFilter
    private let tree: ConditionTree
    /// Of the index, and per place of a block, when the mask was made.
    private var stamp: UInt64 = 0
    private var stamps: [UInt64] = []
    private var masks = Growing<RowMask>()
    /// Rows that pass, per place of a block.
    private var inBlock = Growing<Int32>()
    /// Rows that pass.
    private(set) var count = 0
    /// When it was used last, as a cache counts uses.
    var lastUse: UInt64 = 0
    /// What the rows that pass of each list and region may reach.
    private var reaches: Reaches

    init(_ filter: ItemFilter, of index: InvertedIndex) {
        self.filter = filter
        tree = ConditionTree(filter.condition)
        reaches = Reaches(index.partition)
        update(to: index)
    }

    /// Takes in what has changed in the index since the last time.
    func update(to index: InvertedIndex) {
        guard stamp != index.stamp else { return }
        stamp = index.stamp
        let views = index.views
        if stamps.count < views.count {
            let more = views.count - stamps.count
            stamps.append(contentsOf: repeatElement(0, count: more))
            masks.append(repeating: RowMask(), count: more)
            inBlock.append(repeating: 0, count: more)
        }
        var inList = [Int](repeating: 0, count: index.partition.lists)
        for (place, view) in views.enumerated() {
            if stamps[place] != view.stamp {
                stamps[place] = view.stamp
                let mask = tree.mask(of: view, index.profiles)
                masks.base[place] = mask
                inBlock.base[place] = Int32((0..<4).reduce(0) { $0 + mask[$1].nonzeroBitCount })
            }
            inList[view.list] += Int(inBlock.base[place])
        }
        count = inList.reduce(0, +)
        if reaches.partition !== index.partition { reaches = Reaches(index.partition) }
        reaches.hold(inList)
    }

    /// Bytes that it takes, but for some.
    var bytes: Int { stamps.count * (MemoryLayout<RowMask>.stride + 12) + 8 * reaches.partition.lists }

    /// What a pass reads of it, valid until the next update.
    var view: SearchUser.FilterView {
        .init(
            masks: UnsafeRawPointer(masks.base).assumingMemoryBound(to: UInt16.self),
            inBlock: UnsafePointer(inBlock.base), lists: reaches.lists.base, regions: reaches.regions.base)
    }
}
