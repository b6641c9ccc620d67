import Foundation
import LinearAlgebra

/// One training from the start on one set of histories.
final class Fit {
    private let histories: Histories
    private let settings: TrainingSettings
    private let step: TrainingStep
    /// Seconds from the start of training after which the schedule must be over; nil for none.
    private let deadline: Double?
    /// Epochs that the learning rate's schedule covers; a fraction where the deadline comes first.
    private(set) var scheduledEpochs: Double
    private var steps = 0

    var parameters: FloatBuffer { step.parameters }

    /// - Parameter scheduledEpochs: the schedule's length; given the deadline, it is cut to what fits once the speed is known.
    init(
        _ histories: Histories, cooccurrence: Cooccurrence, layout: TowerLayout, bags: FeatureBags,
        settings: TrainingSettings, dropout: Double, scheduledEpochs: Double, deadline: Double?
    ) throws(TrainingError) {
        self.histories = histories
        self.settings = settings
        self.scheduledEpochs = scheduledEpochs
        self.deadline = deadline
        guard
            let parameters = Initialisation.parameters(
                layout: layout, histories: histories, cooccurrence: cooccurrence, bags: bags, seed: settings.seed)
        else { throw TrainingError(.diverged, "the factorisation of the items' co-occurrences does not converge") }
        let counts = histories.itemCounts(layout.shape.items)
        let seen = counts.count { $0 > 0 }
        step = TrainingStep(
            layout: layout, parameters: parameters, bags: bags,
            candidates: CandidateSampler(
                counts: counts, negatives: seen > settings.fullSoftmaxItems ? settings.negatives : nil),
            settings: settings, dropout: dropout)
    }

    /// Steps after which the speed is taken.
    private static let probe = 16

    /// Runs epoch `index` = 0, 1, …, or the part of it that the schedule covers.
    ///
    /// - Parameter report: called after each step with the mean loss and the share of the schedule done.
    /// - Returns: false when the schedule is over.
    func epoch(_ index: Int, clock: TrainingClock, report: (Double, Double) -> Void) throws(TrainingError) -> Bool {
        var generator = SplitMix64(seed: settings.seed, streams: 2, index)
        let plan = BatchPlan(histories, settings: settings, generator: &generator)
        var sum = 0.0
        let began = clock.elapsed
        for batch in 0..<plan.count {
            if steps == Self.probe {
                limitSchedule(plan, secondsPerStep: (clock.elapsed - began) / Double(Self.probe), clock)
            }
            let total = max(1, Int((scheduledEpochs * Double(plan.count)).rounded()))
            guard steps < total else { return false }
            if let deadline, steps > Self.probe, clock.elapsed > deadline { return false }
            let rate = Schedule.rate(step: steps, of: total, peak: settings.learningRate)
            let loss = step.run(
                plan.batch(batch, shards: Parallel.pieces, generator: &generator), learningRate: rate)
            steps += 1
            guard loss.isFinite else {
                throw TrainingError(
                    .diverged,
                    "training diverged in epoch \(index + 1): the loss is \(loss); a lower learning rate than \(settings.learningRate) helps"
                )
            }
            sum += loss
            report(sum / Double(batch + 1), Double(steps) / Double(total))
        }
        return Double(index + 1) < scheduledEpochs
    }

    /// Cuts the schedule to what fits before the deadline at this speed.
    private func limitSchedule(_ plan: BatchPlan, secondsPerStep: Double, _ clock: TrainingClock) {
        guard let deadline else { return }
        let left = max(0, deadline - clock.elapsed)
        let fitting = (Double(steps) + left / max(secondsPerStep, 1e-9)) / Double(max(1, plan.count))
        // Whole epochs where there is room for one: validation happens at their ends.
        scheduledEpochs = min(scheduledEpochs, fitting >= 1 ? fitting.rounded(.down) : fitting)
    }
}

/// The learning rate: a linear rise, then half a cosine down to a twentieth.
package enum Schedule {
    /// The rate of step 0, 1, … of `total`, given its largest value.
    package static func rate(step: Int, of total: Int, peak: Double) -> Double {
        let warmUp = min(50, total / 5 + 1)
        if step < warmUp { return peak * Double(step + 1) / Double(warmUp) }
        let progress = Double(step - warmUp) / Double(max(1, total - warmUp))
        return peak * (0.05 + 0.95 * 0.5 * (1 + cos(.pi * min(1, progress))))
    }
}

/// Seconds since training began.
struct TrainingClock: Sendable {
    private let start = ContinuousClock.now

    var elapsed: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
