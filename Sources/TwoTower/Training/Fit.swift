import Foundation
import LinearAlgebra

/// One training from the start on one set of histories.
///
/// The learning rate rises, then stays, and what counts is the running average of the parameters (Polyak, Juditsky 1992):
/// after every epoch it is as good as a schedule that had ended there, so that validation may stop whenever it likes and a
/// second training repeats exactly what was judged.
final class Fit {
    private let histories: Histories
    private let settings: TrainingSettings
    private let step: TrainingStep
    /// Seconds from the start of training after which it must be over; nil for none.
    private let deadline: Double?
    private var steps = 0
    /// The average of the parameters over about `window` of an epoch.
    let parameters: FloatBuffer

    /// Share of an epoch's steps that the average looks back on.
    private static let window = 0.3

    init(
        _ histories: Histories, cooccurrence: Cooccurrence, layout: TowerLayout, bags: FeatureBags,
        settings: TrainingSettings, dropout: Double, deadline: Double?
    ) throws(TrainingError) {
        self.histories = histories
        self.settings = settings
        self.deadline = deadline
        guard
            let parameters = Initialisation.parameters(
                layout: layout, histories: histories, cooccurrence: cooccurrence, bags: bags, seed: settings.seed)
        else { throw TrainingError(.diverged, "the factorisation of the items' co-occurrences does not converge") }
        self.parameters = parameters.copy()
        let counts = histories.itemCounts(layout.shape.items)
        let seen = counts.count { $0 > 0 }
        step = TrainingStep(
            layout: layout, parameters: parameters, bags: bags,
            candidates: CandidateSampler(
                counts: counts, negatives: seen > settings.fullSoftmaxItems ? settings.negatives : nil),
            settings: settings, dropout: dropout)
    }

    /// Runs epoch `index` = 0, 1, …, or what of it fits before the deadline.
    ///
    /// - Parameter report: called after each step with the mean loss and the share of the epoch done.
    /// - Returns: false when the deadline has come.
    func epoch(_ index: Int, clock: TrainingClock, report: (Double, Double) -> Void) throws(TrainingError) -> Bool {
        var generator = SplitMix64(seed: settings.seed, streams: 2, index)
        let plan = BatchPlan(histories, settings: settings, generator: &generator)
        var sum = 0.0
        for batch in 0..<plan.count {
            let rate = Schedule.rate(step: steps, peak: settings.learningRate)
            let loss = step.run(
                plan.batch(batch, shards: Parallel.pieces, generator: &generator), learningRate: rate)
            steps += 1
            guard loss.isFinite else {
                throw TrainingError(
                    .diverged,
                    "training diverged in epoch \(index + 1): the loss is \(loss); a lower learning rate than \(settings.learningRate) helps"
                )
            }
            average(stepsPerEpoch: plan.count)
            sum += loss
            report(sum / Double(batch + 1), Double(batch + 1) / Double(plan.count))
            if let deadline, clock.elapsed > deadline { return false }
        }
        return true
    }

    private func average(stepsPerEpoch: Int) {
        let share = 1 / Float(max(1, min(Double(steps), Self.window * Double(stepsPerEpoch))))
        let average = parameters
        let latest = step.parameters
        Parallel.ranges(of: parameters.count) { _, range in
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

/// Seconds since training began.
struct TrainingClock: Sendable {
    private let start = ContinuousClock.now

    var elapsed: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
