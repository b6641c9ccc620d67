import LinearAlgebra

/// One user's extra scores, found by the numbers of the items.
///
/// Those that matter are worth a look at their items wherever these stand; the rest count for an item that is found anyway. So
/// an item's score is at most its dense one plus `rest`, unless it has been looked at. A look costs what some cache lines do; a
/// large `rest` lets in thousands of rows.
struct ExtraTable {
    /// Share of the largest dense score, the query's length, above which an extra score matters.
    private static let weighty: Float = 0.03

    /// The largest extra score that is not among the leading ones; 0 if all are.
    private(set) var rest: Float = 0
    /// Numbers of the leading items, with their scores.
    private(set) var leaders: [(number: Int32, score: Float)] = []
    /// Open addressing: a number, or -1, and its score; a power of two of places, none if there are no scores.
    private var numbers: [Int32] = []
    private var scores: [Float] = []
    private var isEmpty = true

    /// Starts over with the extra scores of a user.
    ///
    /// - Parameter length: of the user's query.
    mutating func reset(to extras: ExtraScores, user: Int, length: Float) throws(RetrievalError) {
        leaders.removeAll(keepingCapacity: true)
        rest = 0
        isEmpty = true
        guard user < extras.users else { return }
        let (given, values) = extras.ofUser(user)
        guard !given.isEmpty else { return }
        isEmpty = false
        for (number, score) in zip(given, values)
        where !(score >= 0 && score <= RetrievalError.largestCoordinate) {
            throw .extraScore(user: user, number: number, score: score)
        }
        let least = Self.weighty * length
        for (number, score) in zip(given, values) where number >= 0 {
            if score > least { leaders.append((number, score)) } else { rest = max(rest, score) }
        }
        var places = 64
        while places < 2 * given.count { places *= 2 }
        if numbers.count == places {
            numbers.withUnsafeMutableBufferPointer { $0.update(repeating: -1) }
        } else {
            numbers = [Int32](repeating: -1, count: places)
            scores = [Float](repeating: 0, count: places)
        }
        numbers.withUnsafeMutableBufferPointer { numbers in
            scores.withUnsafeMutableBufferPointer { scores in
                for (number, score) in zip(given, values) where number >= 0 {
                    let place = Self.place(of: number, in: UnsafeBufferPointer(numbers))
                    (numbers[place], scores[place]) = (number, score)
                }
            }
        }
    }

    /// What to add to the item's dense score: -0 for most, which leaves every score as it is; nil for a leader, which has been
    /// looked at.
    func extra(of number: Int32) -> Float? {
        guard !isEmpty, number >= 0 else { return -0.0 }
        let place = numbers.withUnsafeBufferPointer { Self.place(of: number, in: $0) }
        guard numbers[place] == number else { return -0.0 }
        return scores[place] > rest ? nil : scores[place]
    }

    @inline(__always) private static func place(of number: Int32, in numbers: UnsafeBufferPointer<Int32>) -> Int {
        let mask = numbers.count - 1
        var place = Int(UInt32(bitPattern: number) &* 0x9e37_79b1 >> 7) & mask
        while numbers[place] != number, numbers[place] != -1 { place = (place + 1) & mask }
        return place
    }
}
