import Foundation
import LinearAlgebra

/// One training on one set of histories, epoch by epoch.
final class Fit {
    /// How far a fit is.
    struct Progress: Codable, Equatable {
        /// Optimizer steps done.
        var steps = 0
        /// Epochs done.
        var epochs = 0
        /// Epochs that the learning rate's schedule covers; a fraction where the deadline comes first.
        var scheduledEpochs: Double
        /// Whether the schedule, or the time for it, is over.
        var isOver = false
    }

    /// All that the rest of a fit depends on, beside histories and settings.
    struct State {
        var progress: Progress
        var parameters: FloatBuffer
        var moments: AdamW.Moments

        /// Before the first epoch.
        init(_ parameters: FloatBuffer, scheduledEpochs: Double) {
            progress = Progress(scheduledEpochs: scheduledEpochs)
            self.parameters = parameters
            moments = AdamW.Moments(count: parameters.count)
        }

        init(progress: Progress, parameters: FloatBuffer, moments: AdamW.Moments) {
            self.progress = progress
            self.parameters = parameters
            self.moments = moments
        }
    }

    private let histories: Histories
    private let settings: TrainingSettings
    private let step: TrainingStep
    /// Seconds from the start of training after which the schedule must be over; nil for none.
    private let deadline: Double?
    /// The parameters and moments in it change in place.
    private(set) var state: State

    var progress: Progress { state.progress }
    var parameters: FloatBuffer { state.parameters }

    /// A fit that goes on from `state`; given the deadline, its schedule is cut to what fits once the speed is known.
    init(
        _ histories: Histories, layout: TowerLayout, bags: FeatureBags, settings: TrainingSettings, dropout: Double,
        deadline: Double?, from state: State
    ) {
        self.histories = histories
        self.settings = settings
        self.deadline = deadline
        self.state = state
        let counts = histories.itemCounts(layout.shape.items)
        let seen = counts.count { $0 > 0 }
        step = TrainingStep(
            layout: layout, parameters: state.parameters, moments: state.moments, number: state.progress.steps,
            bags: bags,
            candidates: CandidateSampler(
                counts: counts, negatives: seen > settings.fullSoftmaxItems ? settings.negatives : nil),
            settings: settings, dropout: dropout)
    }

    /// Steps after which the speed is taken.
    private static let probe = 16

    /// Runs the next epoch, or the part of it that the schedule covers.
    ///
    /// - Parameter report: called after each step with the mean loss and the share of the schedule done.
    func epoch(clock: TrainingClock, report: (Double, Double) -> Void) throws(TrainingError) {
        let index = progress.epochs
        var generator = SplitMix64(seed: settings.seed, streams: 2, index)
        let plan = BatchPlan(histories, settings: settings, generator: &generator)
        var sum = 0.0
        let began = clock.elapsed
        state.progress.epochs += 1
        for batch in 0..<plan.count {
            if progress.steps == Self.probe {
                limitSchedule(plan, secondsPerStep: (clock.elapsed - began) / Double(Self.probe), clock)
            }
            let total = max(1, Int((progress.scheduledEpochs * Double(plan.count)).rounded()))
            if let deadline, progress.steps > Self.probe, clock.elapsed > deadline { state.progress.isOver = true }
            if progress.steps >= total { state.progress.isOver = true }
            if progress.isOver { return }
            let rate = Schedule.rate(step: progress.steps, of: total, peak: settings.learningRate)
            let loss = step.run(
                plan.batch(batch, shards: Parallel.pieces, generator: &generator), learningRate: rate)
            state.progress.steps += 1
            guard loss.isFinite else {
                throw TrainingError(
                    .diverged,
                    "training diverged in epoch \(index + 1): the loss is \(loss); a lower learning rate than \(settings.learningRate) helps"
                )
            }
            sum += loss
            report(sum / Double(batch + 1), Double(progress.steps) / Double(total))
        }
        state.progress.isOver = Double(index + 1) >= progress.scheduledEpochs
    }

    /// Cuts the schedule to what fits before the deadline at this speed.
    private func limitSchedule(_ plan: BatchPlan, secondsPerStep: Double, _ clock: TrainingClock) {
        guard let deadline else { return }
        let left = max(0, deadline - clock.elapsed)
        let fitting = (Double(progress.steps) + left / max(secondsPerStep, 1e-9)) / Double(max(1, plan.count))
        // Whole epochs where there is room for one: validation happens at their ends.
        state.progress.scheduledEpochs = min(
            progress.scheduledEpochs, fitting >= 1 ? fitting.rounded(.down) : fitting)
    }
}

/// The learning rate: a linear rise, then half a cosine down to a twentieth.
enum Schedule {
    static func rate(step: Int, of total: Int, peak: Double) -> Double {
        let warmUp = min(50, total / 5 + 1)
        if step < warmUp { return peak * Double(step + 1) / Double(warmUp) }
        let progress = Double(step - warmUp) / Double(max(1, total - warmUp))
        return peak * (0.05 + 0.95 * 0.5 * (1 + cos(.pi * min(1, progress))))
    }
}

/// Seconds that training has taken.
struct TrainingClock: Sendable {
    private let start = ContinuousClock.now
    private let before: Double

    /// A clock that goes on from where an earlier process left off.
    init(goingOnFrom before: Double = 0) { self.before = before }

    var elapsed: Double { before + (ContinuousClock.now - start) / .seconds(1) }
}
