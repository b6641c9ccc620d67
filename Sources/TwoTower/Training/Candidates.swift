/// Settings that validation chooses between: one path for every shop, no hand-tuned one.
///
/// A small model first, then one of twice the dimension, which must be better by more than chance, since it costs every score
/// that is ever computed. Where an epoch is cheap the larger model is given the larger dropout that it wants, and the winner
/// is tried with the other dropout too.
struct Candidates {
    struct Candidate: Codable, Equatable {
        var dimension: Int
        var dropout: Double
    }

    /// A candidate and what it reached.
    struct Trial: Codable {
        var candidate: Candidate
        var merit: Double
    }

    /// A larger dimension's merit must be this much better.
    private static let worthwhile = 1.02
    /// Scores of an epoch's softmax, events times items, up to which it is called cheap: some 20 seconds.
    private static let cheap = 5e9
    private static let dropouts = (low: 0.3, high: 0.5)

    private let settings: TrainingSettings
    private let isCheap: Bool
    private(set) var tried: [Trial]

    /// The choice after these trials.
    ///
    /// - Parameter epochScores: events of an epoch times the items of its softmax.
    init(_ settings: TrainingSettings, epochScores: Double, tried: [Trial] = []) {
        self.settings = settings
        self.tried = tried
        isCheap = epochScores < Self.cheap
    }

    /// What is trained where there is nothing to choose by, or no time.
    static func fallback(_ settings: TrainingSettings) -> Candidate {
        Candidate(dimension: settings.dimension ?? 64, dropout: settings.dropout ?? dropouts.low)
    }

    /// How many there will be, as far as can be told.
    var expected: Int {
        if settings.timeLimit != nil { return 1 }
        return max(tried.count, (settings.dimension == nil ? 2 : 1) + (settings.dropout == nil && isCheap ? 1 : 0))
    }

    /// The next candidate to try, nil when all that is worth it has been tried.
    func next() -> Candidate? {
        let fallback = Self.fallback(settings)
        // Trying costs time: a limit leaves room for one.
        if tried.isEmpty || settings.timeLimit != nil { return tried.isEmpty ? fallback : nil }
        let high = settings.dropout ?? (isCheap ? Self.dropouts.high : Self.dropouts.low)
        if settings.dimension == nil, tried.count == 1 {
            return Candidate(dimension: 2 * fallback.dimension, dropout: high)
        }
        guard settings.dropout == nil, isCheap, let best else { return nil }
        let other = best.dropout == Self.dropouts.low ? Self.dropouts.high : Self.dropouts.low
        let trial = Candidate(dimension: best.dimension, dropout: other)
        return tried.count < 3 && !tried.contains { $0.candidate == trial } ? trial : nil
    }

    /// Takes in what a candidate reached; says whether it is the best so far.
    mutating func add(_ candidate: Candidate, merit: Double) -> Bool {
        tried.append(Trial(candidate: candidate, merit: merit))
        return best == candidate
    }

    private var best: Candidate? {
        var best = tried.first
        for trial in tried.dropFirst() {
            guard let current = best else { break }
            let larger = trial.candidate.dimension > current.candidate.dimension
            if trial.merit > current.merit * (larger ? Self.worthwhile : 1) { best = trial }
        }
        return best?.candidate
    }
}
