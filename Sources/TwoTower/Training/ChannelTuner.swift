import Foundation
import LinearAlgebra

/// Chooses the constants of the channels on a replay, one after another: each takes the best of its values, given those
/// before, and a value must be better than the simpler one to be taken.
struct ChannelTuner {
    private let trial: ChannelTrial
    /// Milliseconds per event of the replay: half-lives are tried in events.
    private let interval: Double
    /// Whether the time for tuning is over: what stands then is kept.
    private let isOver: () -> Bool
    private(set) var channels = Channels()
    private(set) var merit: Double

    init(trial: ChannelTrial, interval: Double, isOver: @escaping () -> Bool) {
        self.trial = trial
        self.interval = interval
        self.isOver = isOver
        merit = trial.merit(channels, nil)
    }

    /// Chooses the sparse channel, then how items move if they may, then the sparse weight once more.
    mutating func run(movingItems: Bool) {
        chooseSparse()
        if movingItems {
            chooseMotion()
            rescaleSparse([0.5, 2, 4])
        }
    }

    private mutating func chooseSparse() {
        func start(_ weight: Float, damping: Double) -> Channels {
            with(SparseChannel.Settings(weight: weight, decay: 0.65, neighbours: NeighbourTable.Rule(damping: damping)))
        }
        take([0, 0.15, 0.3].map { start(40, damping: $0) })
        guard channels.sparse != nil else {
            // None helps at this weight: smaller ones may.
            take([5, 15].map { start($0, damping: 0.15) })
            return
        }
        varySparse(\.decay, [0.4, 0.8])
        // Upwards while it helps, else once downwards.
        while let weight = channels.sparse?.weight, weight < 5000, varySparse(\.weight, [2 * weight]) {}
        if channels.sparse?.weight == 40 { varySparse(\.weight, [10, 20]) }
        varySparse(\.neighbours.pairs.backward, [0.5, 0])
        varySparse(\.neighbours.pairs.window, [3, 30])
        varySparse(\.neighbours.pairs.decay, [0.6, 0.95])
    }

    private mutating func rescaleSparse(_ factors: [Float]) {
        guard let sparse = channels.sparse else { return }
        varySparse(\.weight, factors.map { $0 * sparse.weight })
    }

    private func with(_ sparse: SparseChannel.Settings) -> Channels {
        var result = channels
        result.sparse = sparse
        return result
    }

    @discardableResult private mutating func varySparse<Value>(
        _ path: WritableKeyPath<SparseChannel.Settings, Value>, _ values: [Value]
    ) -> Bool {
        guard let sparse = channels.sparse else { return false }
        return take(
            values.map { value in
                var changed = sparse
                changed[keyPath: path] = value
                return with(changed)
            })
    }

    private mutating func chooseMotion() {
        let start = MotionRule(
            knownPrior: nil, newPrior: 0.5, newGain: 0.9, popularityWeight: 0, popularityHalfLife: 5000 * interval)
        take([start].map(with))
        take([20, 5].map { with(start, \.knownPrior, $0) })
        if let known = channels.motion {
            take((known.knownPrior ?? 80 > 10 ? [80] : [2, 1]).map { with(known, \.knownPrior, $0) })
            vary(\.newGain, [0.8, 1.0, 1.15])
            vary(\.newPrior, [0.2, 1.5])
        }
        var popular: [Channels] = []
        for (weight, events) in [
            (0.02, 1000.0), (0.02, 5000), (0.02, 20000), (0.05, 1000), (0.05, 5000), (0.05, 20000),
        ] {
            var rule = channels.motion ?? start
            (rule.popularityWeight, rule.popularityHalfLife) = (Float(weight), events * interval)
            popular.append(with(rule))
        }
        take(popular)
        if channels.motion?.popularityWeight == 0.05 { vary(\.popularityWeight, [0.1, 0.2]) }
    }

    private mutating func vary(_ path: WritableKeyPath<MotionRule, Float>, _ values: [Float]) {
        guard let rule = channels.motion else { return }
        take(
            values.map { value in
                var changed = rule
                changed[keyPath: path] = value
                return with(changed)
            })
    }

    private func with(_ rule: MotionRule) -> Channels {
        var result = channels
        result.motion = rule
        return result
    }

    private func with(_ rule: MotionRule, _ path: WritableKeyPath<MotionRule, Float?>, _ value: Float) -> Channels {
        var changed = rule
        changed[keyPath: path] = value
        return with(changed)
    }

    /// Takes the best of the candidates if it is better than what stands; says whether it was.
    @discardableResult private mutating func take(_ candidates: [Channels]) -> Bool {
        guard !candidates.isEmpty, !isOver() else { return false }
        let merits = Merits(count: candidates.count)
        let sparse = candidates.map(trial.sparseChannel)
        let trial = UncheckedTrial(trial: trial)
        Parallel.pieces { piece in
            for index in candidates.indices where index % Parallel.pieces == piece {
                merits.values[index] = trial.trial.merit(candidates[index], sparse[index])
            }
        }
        defer { self.trial.settle(channels) }
        guard let best = candidates.indices.max(by: { merits.values[$0] < merits.values[$1] }),
            merits.values[best] > merit
        else { return false }
        (channels, merit) = (candidates[best], merits.values[best])
        return true
    }

    private struct UncheckedTrial: @unchecked Sendable {
        // Unchecked: a trial reads its replay and keeps nothing.
        let trial: ChannelTrial
    }

    private final class Merits: @unchecked Sendable {
        // Unchecked: each candidate writes its own element.
        let values: UnsafeMutableBufferPointer<Double>

        init(count: Int) {
            values = .allocate(capacity: count)
            values.initialize(repeating: 0)
        }

        deinit { values.deallocate() }
    }
}
