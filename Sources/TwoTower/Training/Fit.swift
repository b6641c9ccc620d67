import Foundation
import LinearAlgebra

/// One training on one set of histories, epoch by epoch.
///
/// The learning rate rises, then stays, and what counts is the running average of the parameters (Polyak, Juditsky 1992):
/// after every epoch it is as good as a schedule that had ended there, so that validation may stop whenever it likes and a
/// second training repeats exactly what was judged.
final class Fit {
    /// How far a fit is.
    struct Progress: Codable, Equatable {
        /// Optimizer steps done.
        var steps = 0
        /// Epochs done.
        var epochs = 0
        /// Whether the time for it is over.
        var isOver = false
    }

    /// All that the rest of a fit depends on, beside histories and settings.
    struct State {
        var progress = Progress()
        /// What the steps move.
        var parameters: FloatBuffer
        /// The average of the parameters over about `window` of an epoch: what counts.
        var average: FloatBuffer
        var moments: AdamW.Moments
    }

    private let histories: Histories
    private let settings: TrainingSettings
    private let step: TrainingStep
    /// Seconds from the start of training after which it must be over; nil for none.
    private let deadline: Double?
    /// The numbers in its memory change in place.
    private(set) var state: State

    var progress: Progress { state.progress }
    /// The averaged ones.
    var parameters: FloatBuffer { state.average }

    /// Share of an epoch's steps that the average looks back on.
    private static let window = 0.3

    /// A fit that goes on from `state`.
    ///
    /// - Parameter negatives: items that the softmax samples; nil for all.
    init(
        _ histories: Histories, layout: TowerLayout, bags: FeatureBags, settings: TrainingSettings, negatives: Int?,
        dropout: Double,
        deadline: Double?, from state: State
    ) {
        self.histories = histories
        self.settings = settings
        self.deadline = deadline
        self.state = state
        let counts = histories.itemCounts(layout.shape.items)
        step = TrainingStep(
            layout: layout, parameters: state.parameters, moments: state.moments, number: state.progress.steps,
            bags: bags,
            candidates: CandidateSampler(
                counts: counts, negatives: negatives),
            settings: settings, dropout: dropout)
    }

    /// Runs the next epoch, or what of it fits before the deadline.
    ///
    /// - Parameter report: called after each step with the mean loss and the share of the epoch done.
    func epoch(clock: TrainingClock, report: (Double, Double) -> Void) throws(TrainingError) {
        let index = progress.epochs
        var generator = SplitMix64(seed: settings.seed, streams: 2, index)
        let plan = BatchPlan(histories, settings: settings, generator: &generator)
        var sum = 0.0
        state.progress.epochs += 1
        for batch in 0..<plan.count {
            let rate = Schedule.rate(step: progress.steps, peak: settings.learningRate)
            let loss = step.run(
                plan.batch(batch, shards: Parallel.pieces, generator: &generator), learningRate: rate)
            state.progress.steps += 1
            guard loss.isFinite else {
                throw TrainingError(
                    .diverged,
                    "training diverged in epoch \(index + 1): the loss is \(loss); a lower learning rate than \(settings.learningRate) helps"
                )
            }
            average(stepsPerEpoch: plan.count)
            sum += loss
            report(sum / Double(batch + 1), Double(batch + 1) / Double(plan.count))
            if let deadline, clock.elapsed > deadline {
                state.progress.isOver = true
                return
            }
        }
    }

    private func average(stepsPerEpoch: Int) {
        let share = 1 / Float(max(1, min(Double(progress.steps), Self.window * Double(stepsPerEpoch))))
        let (average, latest) = (state.average, state.parameters)
        Parallel.ranges(of: latest.count) { _, range in
            for i in range { average.pointer[i] += share * (latest.pointer[i] - average.pointer[i]) }
        }
    }
}

/// The learning rate: it rises for some steps, then stays.
package enum Schedule {
    /// Steps in which the rate rises.
    private static let warmUp = 50

    /// The rate of step 0, 1, …, given its largest value.
    package static func rate(step: Int, peak: Double) -> Double { peak * min(1, Double(step + 1) / Double(warmUp)) }
}

/// Seconds that training has taken.
struct TrainingClock: Sendable {
    private let start = ContinuousClock.now
    private let before: Double

    /// A clock that goes on from where an earlier process left off.
    init(goingOnFrom before: Double = 0) { self.before = before }

    var elapsed: Double { before + (ContinuousClock.now - start) / .seconds(1) }
}
