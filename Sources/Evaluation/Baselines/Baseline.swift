import Foundation

/// The methods that need no towers, each with the settings that validation chooses.
public enum Baseline: String, CaseIterable, Sendable {
    /// Implicit-feedback ALS with fold-in.
    case als
    case popularity
    case recentPopularity = "recent-popularity"
    case itemKNN = "item-knn"
    /// What the user had before, then popularity.
    case history

    /// Tunes the method on the validation stage, trains it again on all that comes before the test, and asks it the test's
    /// queries.
    ///
    /// - Throws: `EvaluationError` if the log is too short for the protocol, or ALS leaves the range of numbers.
    public func evaluate(
        on log: EvaluationLog, _ setting: EvaluationProtocol, seed: UInt64 = 1,
        progress: (EvaluationProgress) -> Void = { _ in }
    ) throws(EvaluationError) -> MethodResult {
        let test = try Split(log, setting, .test)
        let clock = ContinuousClock()
        let began = clock.now
        // What needs no tuning needs no validation queries either.
        let chosen: Chosen
        if let search = search(log) {
            let validation = try Split(log, setting, .validation).sample(validationQueries, seed: seed)
            chosen = try tune(search, log, validation, seed: seed, progress)
        } else {
            chosen = Chosen(values: [], settings: [], trials: [])
        }
        let tuned = clock.now
        progress(EvaluationProgress(method: rawValue, stage: .training, fraction: 0))
        let method = try make(chosen.values, log, test, seed: seed, reusing: nil)
        let trained = clock.now
        let results = run(method, log, test) {
            progress(EvaluationProgress(method: rawValue, stage: .querying, fraction: Double($0) / Double(log.count)))
        }
        let asked = clock.now
        return MethodResult(
            name: rawValue, settings: chosen.settings, queries: results,
            metrics: Metrics(results, split: test, items: log.items.count), trials: chosen.trials,
            tuningSeconds: (tuned - began) / .seconds(1), trainingSeconds: (trained - tuned) / .seconds(1),
            queryingSeconds: (asked - trained) / .seconds(1))
    }

    private struct Chosen {
        var values: [Double]
        var settings: [Setting]
        var trials: [Trial]
    }

    /// Queries that settings are chosen by: ALS pays a matrix product for each.
    private var validationQueries: Int { self == .als ? 3000 : 6000 }

    private func tune(
        _ search: GridSearch, _ log: EvaluationLog, _ validation: Split, seed: UInt64,
        _ progress: (EvaluationProgress) -> Void
    ) throws(EvaluationError) -> Chosen {
        var (done, top) = (0, 0.0)
        let cache = CovisitationCache()
        let (values, trials) = try search.best { values throws(EvaluationError) in
            let method = try make(values, log, validation, seed: seed, reusing: cache)
            let results = run(method, log, validation) { _ in }
            let score = Score(results)
            (done, top) = (done + 1, max(top, score.recall))
            progress(
                EvaluationProgress(
                    method: rawValue, stage: .tuning, fraction: Double(done) / Double(search.limit), recall: top))
            return score
        }
        let settings = zip(search.axes, values).map { Setting($0.name, Setting.text($1)) }
        return Chosen(values: values, settings: settings, trials: trials)
    }

    /// The axes of a method's settings; nil where it has none.
    private func search(_ log: EvaluationLog) -> GridSearch? {
        switch self {
        case .popularity, .history: nil
        case .als:
            GridSearch(
                axes: [
                    Axis(name: "alpha", values: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], start: 4),
                    Axis(name: "regularisation", values: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300], start: 4),
                    Axis(name: "factors", values: [32, 64, 128, 256, 512], start: 2),
                ], limit: 40)
        case .recentPopularity:
            GridSearch(
                axes: [
                    Axis(
                        name: "half-life in events",
                        values: [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, .infinity],
                        start: 6)
                ], limit: 12)
        case .itemKNN:
            GridSearch(
                axes: [
                    Axis(
                        name: "recency", values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1], start: 6),
                    Axis(name: "target exponent", values: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1], start: 5),
                    Axis(name: "source exponent", values: [0, 0.2, 0.4, 0.5, 0.6, 0.8, 1], start: 3),
                    Axis(name: "window", values: [1, 2, 3, 5, 10, 20, 40], start: 4),
                    Axis(name: "decay", values: [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1], start: 3),
                    Axis(name: "backward weight", values: [0, 0.25, 0.5, 0.75, 1], start: 4),
                    Axis(
                        name: "half-life in events",
                        values: [0.02, 0.05, 0.1, 0.2, 0.5, 1].map { ($0 * Double(log.count)).rounded() } + [.infinity],
                        start: 6),
                ], limit: 80)
        }
    }

    private func make(
        _ values: [Double], _ log: EvaluationLog, _ split: Split, seed: UInt64, reusing cache: CovisitationCache?
    ) throws(EvaluationError) -> any Recommender {
        switch self {
        case .popularity: return PopularityRecommender(split)
        case .history: return HistoryRecommender(log, split)
        case .recentPopularity: return RecentPopularityRecommender(log, halfLife: values[0])
        case .als:
            return try ALSRecommender(
                log, split,
                settings: ALSSettings(
                    factors: Int(values[2]), alpha: values[0], regularisation: values[1], seed: seed))
        case .itemKNN:
            var settings = KNNSettings()
            (settings.recency, settings.targetExponent, settings.sourceExponent) = (values[0], values[1], values[2])
            (settings.window, settings.decay) = (Int(values[3]), values[4])
            (settings.backward, settings.halfLife) = (values[5], values[6])
            guard let cache else { return ItemKNNRecommender(log, split, settings: settings) }
            return ItemKNNRecommender(log, split, settings, cache.counts(log, split, settings.covisits))
        }
    }

    private func run(
        _ method: any Recommender, _ log: EvaluationLog, _ split: Split, progress: (Int) -> Void
    ) -> [QueryResult] { Runner.run(method, on: log, split, progress: progress) }
}

/// The co-visits counted last: most steps of the search change only what is done with them.
private final class CovisitationCache {
    private var latest: (settings: Covisitation.Settings, counts: Covisitation)?

    func counts(_ log: EvaluationLog, _ split: Split, _ settings: Covisitation.Settings) -> Covisitation {
        if let latest, latest.settings == settings { return latest.counts }
        latest = nil  // Two of them at a time would be twice the memory.
        let counts = Covisitation(log, split, settings)
        latest = (settings, counts)
        return counts
    }
}
