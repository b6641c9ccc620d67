/// Settings that validation chooses between: one path for every shop, no hand-tuned one.
///
/// First the dimension (at the middle dropout), then the dropout: a larger dimension must be better by more than chance,
/// since it costs every score that is ever computed.
struct Candidates {
    struct Candidate: Codable, Equatable {
        var dimension: Int
        var dropout: Double
    }

    /// A candidate and what it reached.
    struct Trial: Codable {
        var candidate: Candidate
        var recall: Double
    }

    /// A larger dimension's recall must be this much better.
    private static let worthwhile = 1.02

    private let settings: TrainingSettings
    private(set) var tried: [Trial]

    /// The choice after these trials.
    init(_ settings: TrainingSettings, tried: [Trial] = []) {
        self.settings = settings
        self.tried = tried
    }

    /// What is trained where there is nothing to choose by, or no time.
    static func fallback(_ settings: TrainingSettings) -> Candidate {
        Candidate(dimension: settings.dimension ?? 64, dropout: settings.dropout ?? 0.3)
    }

    /// The next candidate to try, nil when all that is worth it has been tried.
    func next() -> Candidate? {
        let fallback = Self.fallback(settings)
        guard let first = tried.first else { return fallback }
        // Trying costs time: a limit leaves room for one.
        if settings.timeLimit != nil { return nil }
        if settings.dimension == nil, tried.count == 1 {
            return Candidate(dimension: 2 * fallback.dimension, dropout: fallback.dropout)
        }
        let trial = Candidate(dimension: best?.dimension ?? first.candidate.dimension, dropout: 0.5)
        return settings.dropout == nil && !tried.contains { $0.candidate == trial } ? trial : nil
    }

    /// Takes in what a candidate reached; says whether it is the best so far.
    mutating func add(_ candidate: Candidate, recall: Double) -> Bool {
        tried.append(Trial(candidate: candidate, recall: recall))
        return best == candidate
    }

    var best: Candidate? {
        var best = tried.first
        for trial in tried.dropFirst() {
            guard let current = best else { break }
            let larger = trial.candidate.dimension > current.candidate.dimension
            if trial.recall > current.recall * (larger ? Self.worthwhile : 1) { best = trial }
        }
        return best?.candidate
    }
}
