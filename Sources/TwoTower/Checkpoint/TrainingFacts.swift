/// What a training run was: written beside the model so that it can be understood and repeated.
public struct TrainingFacts: Codable, Equatable, Sendable {
    /// Seed of every random choice.
    public var seed: UInt64
    /// Digest of the events and the catalogue that the model was trained on.
    public var dataDigest: String
    /// Events of the log.
    public var events: Int
    /// Shoppers with at least one of them.
    public var shoppers: Int
    /// Epochs up to the kept parameters, from where training started.
    public var epochs: Int
    /// Share of the validation's next new items that were among the first ten; nil without a validation part.
    public var recallAt10: Double?
    /// The settings in force, by name.
    public var settings: [String: Double]
    /// Version of the checkpoint that training started from; nil for a start from nothing.
    public var startedFrom: String?
    /// Milliseconds since 1970 of the last event that the towers have trained on, here or in the checkpoint that training
    /// started from; nil where that is not known.
    public var towersUntil: Int64?

    /// The facts of a run.
    public init(
        seed: UInt64, dataDigest: String, events: Int, shoppers: Int, epochs: Int, recallAt10: Double?,
        settings: [String: Double], startedFrom: String? = nil, towersUntil: Int64? = nil
    ) {
        self.seed = seed
        self.dataDigest = dataDigest
        self.events = events
        self.shoppers = shoppers
        self.epochs = epochs
        self.recallAt10 = recallAt10
        self.settings = settings
        self.startedFrom = startedFrom
        self.towersUntil = towersUntil
    }
}

/// One epoch of a training run: a point of its curve.
public struct TrainingEpoch: Codable, Equatable, Sendable {
    /// `validating` or `fitting`.
    public var stage: String
    /// d.
    public var dimension: Int
    /// Share of inputs and branch outputs that training dropped.
    public var dropout: Double
    /// 1 is the stage's first.
    public var epoch: Int
    /// Seconds from the start of the run to the end of the epoch; measuring recall is not counted in.
    public var seconds: Double
    /// Mean loss over the epoch.
    public var loss: Double
    /// recall@10 on the held-out events; nil while fitting.
    public var recall: Double?
}
