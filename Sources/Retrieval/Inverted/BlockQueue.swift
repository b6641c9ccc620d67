import LinearAlgebra

/// The blocks that a pass scans next, in order, and how far ahead of the scan they have been asked for.
///
/// A block is a place of its own in memory: a scan that waits for the beginning of each reaches a third of what memory gives. So what is
/// read next is asked for in parts, between the steps of a search that need none of it.
struct BlockQueue {
    /// A block, and the places of those who look into its list in `ListLooks.lookers`.
    struct Look: BitwiseCopyable {
        let block: Int
        let firstLooker: Int
        let lookerEnd: Int
        /// What the scan reads of it: `bytes` of codes from here on, after the masks.
        let codes: UnsafePointer<UInt8>
        let bytes: Int

        var lookers: Range<Int> { firstLooker..<lookerEnd }
    }

    private(set) var looks = Growing<Look>()
    /// Per user the number of blocks that are scanned for the user or one before.
    private var ends = Growing<Int>()
    /// The block to ask for next, and how much of it has been.
    private var (next, asked) = (0, 0)
    /// What may be asked for lies before this one.
    private var horizon = 0

    /// So many blocks are asked for ahead: what they hold stays in the second-level cache.
    private static let mostAhead = 8
    /// Bytes of the masks before the codes.
    private static let maskBytes = 64

    /// Starts over.
    mutating func reset() {
        (looks.count, ends.count) = (0, 0)
        (next, asked, horizon) = (0, 0, 0)
    }

    mutating func append(_ look: Look) { looks.append(look) }

    /// Says that the next blocks are another user's.
    mutating func endUser() { ends.append(looks.count) }

    /// The blocks that are scanned for a user and nobody before.
    func places(of user: Int) -> Range<Int> { (user > 0 ? ends.base[user - 1] : 0)..<ends.base[user] }

    /// Begins the scan of a block: what has not been asked for of it, the scan itself will.
    mutating func begin(_ place: Int) {
        if next <= place { (next, asked) = (place + 1, 0) }
        horizon = min(looks.count, place + 1 + Self.mostAhead)
    }

    /// Asks for so many more bytes.
    @inline(__always) mutating func ask(for bytes: Int) { if next < horizon { askAhead(bytes) } }

    private mutating func askAhead(_ bytes: Int) {
        var left = bytes
        while left > 0, next < horizon {
            let look = looks.base[next]
            if asked == 0 { Kernels.prefetchFar(look.codes - Self.maskBytes, bytes: Self.maskBytes) }
            let part = min(left, look.bytes - asked)
            Kernels.prefetchFar(look.codes + asked, bytes: part)
            left -= part
            asked += part
            if asked == look.bytes { (next, asked) = (next + 1, 0) }
        }
    }
}
