import LinearAlgebra

/// Where a training run stands between two epochs: all that the rest of it depends on, beside data and settings.
struct RunState {
    /// A candidate at its best epoch.
    struct Choice {
        /// What it reached.
        struct Attempt: Codable, Equatable {
            var candidate: Candidates.Candidate
            /// Epochs up to the best parameters.
            var epochs: Int
            /// On the held-out events; nil if there were too few.
            var figure: Hits.Figure?
        }

        var attempt: Attempt
        /// After `attempt.epochs`.
        var parameters: FloatBuffer
    }

    /// The candidates that are over.
    var tried: [Candidates.Trial] = []
    /// The best of them.
    var best: Choice?
    /// The candidate under way.
    var current: Choice?
    /// The fit under way: of the candidate, or of everything.
    var fit: Fit.State?
    /// Of the channels, once they are chosen: only the fit on everything is left then.
    var constants: Channels?
    /// What each epoch reached, in order.
    var curve: [TrainingEpoch] = []
    /// Seconds spent on measuring, which are no training.
    var measuring = 0.0
    /// Seconds spent in all.
    var elapsed = 0.0

    /// The candidate that `fit` trains.
    func candidate(_ settings: TrainingSettings) -> Candidates.Candidate {
        (current ?? best)?.attempt.candidate ?? Candidates.fallback(settings)
    }
}
