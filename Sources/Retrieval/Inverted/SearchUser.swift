import LinearAlgebra

/// What a pass over the lists keeps for a user.
struct SearchUser {
    /// Size of a unit of the query's codes.
    private(set) var step: Float = 0
    /// What each sum of codes begins at.
    private(set) var start: Int32 = 0
    /// The length of what the codes leave out, and the query's own.
    private(set) var (error, length): (Float, Float) = (0, 0)
    /// No item with a lower score is among the user's best; minus infinity while nothing is known.
    var threshold: Float = 0
    var excluded = ExcludedItems()
    var filter: FilterView?
    var breadth = SearchBreadth.everything
    var extras = ExtraTable()
    /// What is added to the scores of the hits that are leading items.
    var leads = Growing<Float>()

    /// What a pass reads of a compiled filter that lets through less than all, valid while that lives and does not change.
    struct FilterView {
        let masks: UnsafePointer<UInt16>
        /// Rows that pass, per place of a block.
        let inBlock: UnsafePointer<Int32>
        /// What the rows that pass of each list may reach, and of each region.
        let (lists, regions): (UnsafePointer<Float>, UnsafePointer<Float>)

        func passes(_ slot: Slot) -> Bool { masks[Int(slot.rawValue) / 16] >> UInt16(slot.rawValue % 16) & 1 == 1 }
    }

    /// A block whose bounds were kept: its place, and where they stand in `bounds`.
    struct Segment {
        let block: Int
        let first: Int
        let rows: Int
    }

    var segments: [Segment] = []
    /// Upper bounds of dense scores, block after block.
    var bounds = Growing<Float>()
    /// The largest bounds of each of `groups` times 16 groups of rows.
    private(set) var maxima = Growing<Float>()
    private(set) var groups = 0
    /// Slots of rows that may be among the best.
    var hits = Growing<UInt32>()
    /// Of what bound at least the rows are that have been scored.
    var picked: Float = 0
    /// The scored ones that the user may have.
    var candidates = Growing<Candidate>()
    /// Of how many candidates `threshold` is the k-th best's score.
    var ranked = 0

    /// Starts over with a list of `k`.
    mutating func reset(k: Int) {
        threshold = -.infinity
        segments.removeAll(keepingCapacity: true)
        bounds.count = 0
        hits.count = 0
        leads.count = 0
        candidates.count = 0
        ranked = 0
        // So many groups that the best rows seldom share one.
        groups = max(4, (2 * k + 15) / 16)
        maxima.count = 0
        maxima.append(repeating: -.infinity, count: 16 * groups)
    }

    /// Makes the query's codes.
    mutating func encode(_ query: UnsafePointer<Float>, into codes: UnsafeMutablePointer<Int8>, width: Int) {
        let code = Kernels.encode(query, width: width, into: codes)
        start = -128 * code.sum
        (step, error, length) = (code.step, code.error, code.length)
    }

    /// How far the score of any row of a block may be from what its codes and the query's say, in units of the row's scale.
    func doubt(in block: CodeBlock.View) -> Float { length * block.error + error * block.reach }

    /// What rounding may add to that; a score too small for all its digits is off by some of the least numbers.
    func blur(in block: CodeBlock.View, centroid: Float, centroidLength: Float) -> Float {
        Self.rounding * (length * (block.distance + centroidLength) + centroid.magnitude) + .leastNormalMagnitude
    }

    /// No item of less dense score is among the user's best, unless it is a leader: with the largest other extra score, which may
    /// round it up, it does not reach the threshold.
    var bar: Float { threshold - extras.rest - 4 * Float.ulpOfOne * (threshold.magnitude + extras.rest) }

    /// What rounding may add to a score of vectors of length 1: sums of some hundred floats.
    private static let rounding: Float = 8e-6
}
