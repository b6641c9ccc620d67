import LinearAlgebra

/// What lists, or regions, promise a user: a score that the best item in them may have.
struct Promises {
    /// The promises of numbers from `first` on stand from `place` on.
    private struct Run: BitwiseCopyable {
        let first: Int
        let place: Int
    }

    private var values = Growing<Float>()
    private var runs = Growing<Run>()
    /// What promises at least this is to be taken up.
    private var wanted = Float.infinity
    /// What of the promises before a place is at least so large has been taken up.
    private var (taken, end) = (Float.infinity, 0)

    /// Whether nothing that is known is left out.
    var isAllWanted: Bool { wanted == -.infinity }
    /// Places that promises stand in, those of no number included.
    var count: Int { values.count }

    /// Starts over.
    mutating func reset() {
        (values.count, runs.count) = (0, 0)
        (wanted, taken, end) = (.infinity, .infinity, 0)
    }

    /// Makes room for estimates of the centroids in some tiles, valid until the next room is made.
    mutating func append(tiles: Range<Int>) -> UnsafeMutablePointer<Float> {
        runs.append(.init(first: tiles.lowerBound * 16, place: values.count))
        values.reserve(tiles.count * 16)
        values.count += tiles.count * 16
        return values.base + (values.count - tiles.count * 16)
    }

    /// Makes promises of the newest estimates: adds what the items around each centroid may reach beyond. What is not among some
    /// numbers, or holds no item, promises nothing.
    ///
    /// - Parameter way: the length of a step towards the user.
    mutating func finish(_ numbers: Range<Int>, reaches: UnsafePointer<Float>, way: Float) {
        let run = runs.base[runs.count - 1]
        let (target, count) = (values.base + run.place, values.count - run.place)
        for place in 0..<numbers.lowerBound - run.first { target[place] = -.infinity }
        let (mine, reaches) = (target + (numbers.lowerBound - run.first), reaches + numbers.lowerBound)
        for place in 0..<numbers.count {
            let promise = mine[place] + way * reaches[place]
            mine[place] = reaches[place] == -.infinity ? -.infinity : promise
        }
        for place in numbers.upperBound - run.first..<count { target[place] = -.infinity }
    }

    /// Wants what promises so much, and what has been wanted before: of what becomes known later that too.
    mutating func want(promising least: Float) { wanted = min(wanted, least) }

    /// Wants the best `count`, of equal ones all, and what has been wanted before.
    mutating func want(best count: Int) {
        want(promising: count < values.count ? Kernels.largest(count, of: values.values) : -.infinity)
    }

    /// The numbers that are wanted and have not been taken up, which they are from now on.
    ///
    /// - Parameter chosen: room for `count`.
    /// - Returns: how many.
    mutating func take(into chosen: UnsafeMutablePointer<UInt32>) -> Int {
        var found = wanted < taken ? select(0..<end, below: taken, into: chosen) : 0
        if end < values.count { found += select(end..<values.count, below: .infinity, into: chosen + found) }
        (taken, end) = (wanted, values.count)
        // From places to numbers.
        var run = 0
        for number in 0..<found {
            let place = Int(chosen[number])
            if place < runs.base[run].place { run = 0 }
            while run + 1 < runs.count, runs.base[run + 1].place <= place { run += 1 }
            chosen[number] = UInt32(runs.base[run].first + place - runs.base[run].place)
        }
        return found
    }

    /// The places in a range of what is wanted and promises less than something.
    private func select(_ range: Range<Int>, below: Float, into chosen: UnsafeMutablePointer<UInt32>) -> Int {
        Kernels.select(
            from: max(wanted, -.greatestFiniteMagnitude), below: below,
            of: UnsafeBufferPointer(start: values.base + range.lowerBound, count: range.count),
            numberedFrom: UInt32(range.lowerBound),
            into: UnsafeMutableBufferPointer(start: chosen, count: range.count))
    }
}
