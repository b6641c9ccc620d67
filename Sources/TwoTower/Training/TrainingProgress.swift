/// How far a training run is: enough for a progress bar.
public struct TrainingProgress: Sendable {
    /// What the trainer is doing.
    public enum Stage: String, Sendable {
        /// Counting co-occurrences, and from nothing factorising them.
        case preparing
        /// Training on the earlier part, to find the number of epochs on the later one.
        case validating
        /// Choosing the constants of the channels on the later part.
        case tuning
        /// Training the model that is kept.
        case fitting
    }

    public var stage: Stage
    /// Epoch of the stage, 1 is first; 0 while preparing.
    public var epoch: Int
    /// Share of the whole run that is done, 0 to 1; an estimate, for early stopping may come.
    public var fraction: Double
    /// Mean loss since the epoch began; nil before the first step.
    public var loss: Double?
    /// The latest recall@10 on the validation part; nil before the first.
    public var recall: Double?
    /// Seconds since the run began.
    public var elapsed: Double
    /// Estimated seconds until its end; nil while unknown.
    public var remaining: Double?
}

/// Why training cannot begin or go on: one sentence with the remedy.
public struct TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Code: Sendable {
        case badSettings
        /// Too few events, shoppers or items to learn an order from.
        case tooLittleData
        /// A supplied vector of the catalogue that cannot be trained on.
        case badCatalogue
        /// The checkpoint to start from does not fit the settings or the events.
        case badStart
        /// The loss is no longer a finite number.
        case diverged
        case checkpoint
    }

    public let code: Code
    public let reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { reason }
}
