import LinearAlgebra

/// One user's extra scores, found by the numbers of the items.
///
/// Those that matter are worth a look at their items wherever these stand; the rest count for an item that is found anyway. So
/// an item's score is at most its dense one plus `rest`, unless it has been looked at. A look costs what some cache lines do; a
/// large `rest` lets in thousands of rows.
struct ExtraTable {
    /// An item whose extra score matters.
    struct Leader: BitwiseCopyable {
        let number: Int32
        let score: Float
    }

    /// Share of the largest dense score, the query's length, above which an extra score matters.
    private static let weighty: Float = 0.03

    /// The largest extra score that is not among the leading ones; 0 if all are.
    private(set) var rest: Float = 0
    private(set) var leaders = Growing<Leader>()
    private var numbers = Growing<Int32>()
    private var scores = Growing<Float>()
    private var places = Growing<UInt32>()

    /// Starts over with the extra scores of a user.
    ///
    /// - Parameter length: of the user's query.
    mutating func reset(to extras: ExtraScores, user: Int, length: Float) throws(RetrievalError) {
        (leaders.count, numbers.count, scores.count, rest) = (0, 0, 0, 0)
        guard user < extras.users else { return }
        extras.withUser(user) {
            numbers.append(contentsOf: $0)
            scores.append(contentsOf: $1)
        }
        let least = Self.weighty * length
        // Scores that are not negative are in the order of their bits.
        var (isWrong, rest): (UInt32, Int32) = (0, 0)
        for place in 0..<scores.count {
            let score = scores.base[place]
            isWrong |= ExtraScores.mayHold(score) ? 0 : 1
            rest = max(rest, score <= least && numbers.base[place] >= 0 ? Int32(bitPattern: score.bitPattern) : 0)
        }
        if isWrong != 0 { throw fault(user) }
        self.rest = Float(bitPattern: UInt32(bitPattern: rest))
        places.reserve(scores.count)
        let found = Kernels.select(
            from: least.nextUp, of: scores.values,
            into: UnsafeMutableBufferPointer(start: places.base, count: scores.count))
        leaders.reserve(found)
        for place in UnsafeBufferPointer(start: places.base, count: found) {
            let leader = Leader(number: numbers.base[Int(place)], score: scores.base[Int(place)])
            if leader.number >= 0 { leaders.append(leader) }
        }
    }

    /// What reads the scores without counts of references, valid until the table changes.
    struct View {
        /// See `ExtraTable.rest`.
        let rest: Float
        fileprivate let numbers: UnsafeBufferPointer<Int32>
        fileprivate let scores: UnsafePointer<Float>

        /// What to add to the item's dense score: -0 for most, which leaves every score as it is; nil for a leader, which has been
        /// looked at.
        func extra(of number: Int32) -> Float? {
            guard number >= 0, let place = Kernels.last(number, in: numbers) else { return -0.0 }
            return scores[place] > rest ? nil : scores[place]
        }
    }

    var view: View { View(rest: rest, numbers: numbers.values, scores: UnsafePointer(scores.base)) }

    /// What is wrong with the first score that may not be one.
    private func fault(_ user: Int) -> RetrievalError {
        let place = scores.values.firstIndex { !ExtraScores.mayHold($0) } ?? 0
        return .extraScore(user: user, number: numbers.base[place], score: scores.base[place])
    }
}
