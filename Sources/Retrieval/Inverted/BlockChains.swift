/// The places of each list's blocks, in chains: a search finds the first of a list without a way through another array's memory.
struct BlockChains {
    /// Per list; -1 where there is none.
    private var firsts: [Int32]
    private var lasts: [Int32]
    /// Per block, the one after it and the one before.
    private var next: [Int32] = []
    private var previous: [Int32] = []

    /// Of lists without blocks.
    init(lists: Int) {
        firsts = [Int32](repeating: -1, count: lists)
        lasts = firsts
    }

    /// The first block of a list, nil if it has none.
    func first(of list: Int) -> Int? { firsts[list] < 0 ? nil : Int(firsts[list]) }
    func last(of list: Int) -> Int? { lasts[list] < 0 ? nil : Int(lasts[list]) }
    /// The block after another one of its list.
    func next(after block: Int) -> Int? { next[block] < 0 ? nil : Int(next[block]) }

    /// Makes a block the last of a list.
    mutating func append(_ block: Int, to list: Int) {
        if block >= next.count {
            let more = repeatElement(Int32(-1), count: block + 1 - next.count)
            next += more
            previous += more
        }
        let last = lasts[list]
        (next[block], previous[block]) = (-1, last)
        if last < 0 { firsts[list] = Int32(block) } else { next[Int(last)] = Int32(block) }
        lasts[list] = Int32(block)
    }

    /// Takes the last block from a list that has one.
    mutating func removeLast(of list: Int) {
        let before = previous[Int(lasts[list])]
        if before < 0 { firsts[list] = -1 } else { next[Int(before)] = -1 }
        lasts[list] = before
    }
}
