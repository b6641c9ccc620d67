/// How far one method's evaluation is: enough for a progress bar.
public struct EvaluationProgress: Sendable, Equatable {
    /// What is being done.
    public enum Stage: String, Sendable {
        /// Trying settings on the validation queries.
        case tuning
        /// Training with the chosen ones on everything before the test.
        case training
        /// Streaming the log and ranking.
        case querying
    }

    public var method: String
    public var stage: Stage
    /// Share of the stage that is done, 0 to 1; while tuning, of the most trials there may be.
    public var fraction: Double
    /// The best recall@10 on validation so far; nil before the first.
    public var recall: Double?

    public init(method: String, stage: Stage, fraction: Double, recall: Double? = nil) {
        self.method = method
        self.stage = stage
        self.fraction = fraction
        self.recall = recall
    }
}
