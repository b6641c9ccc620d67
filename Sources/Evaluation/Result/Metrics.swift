/// A figure with its 95% confidence interval.
public struct Estimate: Codable, Sendable, Equatable {
    /// The figure itself.
    public var value: Double
    /// Lower end of the interval.
    public var low: Double
    /// Upper end of the interval.
    public var high: Double
    /// Number of queries behind it.
    public var queries: Int

    public init(value: Double, low: Double, high: Double, queries: Int) {
        self.value = value
        self.low = low
        self.high = high
        self.queries = queries
    }
}

/// recall@10 of one kind of query.
public struct Bucket: Codable, Sendable, Equatable {
    /// `1`, `2-3`, `100+`.
    public var label: String
    /// Nil where there is no such query.
    public var recall: Estimate?

    public init(label: String, recall: Estimate?) {
        self.label = label
        self.recall = recall
    }
}

/// The figures of one method. Intervals are percentiles of a bootstrap that draws users with replacement.
public struct Metrics: Codable, Sendable, Equatable {
    /// Number of queries.
    public var queries: Int
    /// Number of users with a query.
    public var users: Int
    /// Share of queries whose target is among the first ten.
    public var recallAt10: Estimate
    /// The same for the first twenty.
    public var recallAt20: Estimate
    /// Mean of 1 / log2(rank + 1), 0 beyond rank 10.
    public var ndcgAt10: Estimate
    /// Mean of 1 / rank.
    public var mrr: Estimate
    /// Share of all items that stand in some first ten.
    public var coverageAt10: Estimate
    /// recall@10 on targets that do not occur before the test period; nil without such a query.
    public var coldItems: Estimate?
    /// recall@10 of queries with at most `Bucketing.coldHistory` events before; nil without such a query.
    public var coldUsers: Estimate?
    /// recall@10 by the number of the user's events before the query.
    public var byHistory: [Bucket]
    /// recall@10 by the number of the target's training events.
    public var byPopularity: [Bucket]

    public init(
        queries: Int, users: Int, recallAt10: Estimate, recallAt20: Estimate, ndcgAt10: Estimate, mrr: Estimate,
        coverageAt10: Estimate, coldItems: Estimate?, coldUsers: Estimate?, byHistory: [Bucket], byPopularity: [Bucket]
    ) {
        self.queries = queries
        self.users = users
        self.recallAt10 = recallAt10
        self.recallAt20 = recallAt20
        self.ndcgAt10 = ndcgAt10
        self.mrr = mrr
        self.coverageAt10 = coverageAt10
        self.coldItems = coldItems
        self.coldUsers = coldUsers
        self.byHistory = byHistory
        self.byPopularity = byPopularity
    }
}

/// How one method's recall@10 stands to another's, on the same queries.
public struct Lift: Codable, Sendable, Equatable {
    /// The quotient of the two recalls; nil where the baseline has no hit.
    public var ratio: Double?
    /// Lower end of its 95% interval by a paired bootstrap.
    public var low: Double
    /// Upper end; infinite where resamples leave the baseline without a hit.
    public var high: Double

    public init(ratio: Double?, low: Double, high: Double) {
        self.ratio = ratio
        self.low = low
        self.high = high
    }
}
