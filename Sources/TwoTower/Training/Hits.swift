/// How many of some queries' targets came among the first of their lists.
struct Hits {
    /// What queries reach together.
    struct Figure: Codable, Equatable {
        /// recall@10.
        var recall: Double
        /// The mean of recall@5, @10 and @20, which chance moves less: what is compared.
        var merit: Double
    }

    private static let cuts = [5, 10, 20]

    /// Targets among the first ten.
    private var ten = 0
    /// Targets within each of the cuts, summed.
    private var all = 0

    /// Takes in a query whose target stands behind so many others.
    mutating func add(above: Int) {
        if above < 10 { ten += 1 }
        all += Self.cuts.count { above < $0 }
    }

    /// Takes in another's queries.
    mutating func add(_ other: Hits) {
        ten += other.ten
        all += other.all
    }

    /// The figures of so many queries; 0 without any.
    func figure(queries: Int) -> Figure {
        let count = Double(max(1, queries))
        return Figure(recall: Double(ten) / count, merit: Double(all) / (count * Double(Self.cuts.count)))
    }

    /// How many other items score at least as high as the target, for ties rank last; `Int.max` if the target has no
    /// score.
    ///
    /// - Parameter scores: of all items, minus infinity for those that are not asked for.
    static func above(_ target: Int, in scores: UnsafeBufferPointer<Float>) -> Int {
        let threshold = scores[target]
        guard threshold.isFinite else { return .max }
        var above = -1  // the target itself
        for score in scores where score >= threshold { above += 1 }
        return above
    }
}
