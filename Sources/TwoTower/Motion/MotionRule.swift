import Foundation

/// How an item's vector follows the stream between trainings: towards the states of the shoppers who touch it next.
///
/// For an item with trained (or feature) unit vector b and touches by shoppers whose unit vectors before the event were
/// s_1, …, s_n, each the first of its shopper on the item:
///
///     known to the checkpoint:   v = (knownPrior · b + Σ s) / |knownPrior · b + Σ s|
///     new:                       v = newGain · (newPrior · b + Σ s) / (newPrior + n)        b = 0 without features
///
/// and one more coordinate, the same for every shopper: popularityWeight · log(1 + p), p the touches decayed by half in every
/// `popularityHalfLife`. Scores are the shopper's vector (cosine times the learned factor) times v plus that coordinate
/// times the factor. All constants are chosen on validation and kept in the checkpoint.
public struct MotionRule: Codable, Sendable, Equatable {
    /// Touches that the trained vector of a known item counts for; infinity (nil in a file) keeps known items where they are.
    public var knownPrior: Float?
    /// Touches that the feature vector of a new item, or nothing, counts for.
    public var newPrior: Float
    /// Factor on the vectors of new items.
    public var newGain: Float
    /// Factor on log(1 + p), in units of a cosine; 0 for no such coordinate.
    public var popularityWeight: Float
    /// Milliseconds in which a touch's part in the popularity halves.
    public var popularityHalfLife: Double

    package init(
        knownPrior: Float?, newPrior: Float, newGain: Float, popularityWeight: Float, popularityHalfLife: Double
    ) {
        self.knownPrior = knownPrior
        self.newPrior = newPrior
        self.newGain = newGain
        self.popularityWeight = popularityWeight
        self.popularityHalfLife = popularityHalfLife
    }

    /// What is wrong with these numbers, or nil: they may come from a file.
    var fault: String? {
        if let knownPrior, !(knownPrior > 0 && knownPrior <= 1e9) {
            return "knownPrior is \(knownPrior), must be above 0, up to 1e9"
        }
        if !(newPrior > 0 && newPrior <= 1e9) { return "newPrior is \(newPrior), must be above 0, up to 1e9" }
        if !(newGain >= 0 && newGain <= 100) { return "newGain is \(newGain), must be 0 to 100" }
        if !(popularityWeight >= 0 && popularityWeight <= 100) {
            return "popularityWeight is \(popularityWeight), must be 0 to 100"
        }
        if !(popularityHalfLife > 0 && popularityHalfLife <= 1e15) {
            return "popularityHalfLife is \(popularityHalfLife), must be above 0, up to 1e15"
        }
        return nil
    }

    /// Whether a touch changes the vector of such an item.
    package func moves(known: Bool) -> Bool { !known || knownPrior != nil }

    /// Writes the vector [d] of an item.
    ///
    /// - Parameters:
    ///   - base: [d] its trained or feature vector; nil for an item that has neither.
    ///   - sum: [d] the sum of the touching shoppers' unit vectors; `touches` is their number, above 0.
    package func vector(
        base: UnsafePointer<Float>?, sum: UnsafePointer<Float>, touches: Float, known: Bool, dimension: Int,
        into target: UnsafeMutablePointer<Float>
    ) {
        let prior = known ? knownPrior ?? 0 : newPrior
        for i in 0..<dimension { target[i] = prior * (base?[i] ?? 0) + sum[i] }
        if known {
            // Zero only where touches cancel the trained vector out: then that stays.
            if ItemTower.normalise(target, dimension: dimension) == 0, let base {
                target.update(from: base, count: dimension)
            }
        } else {
            let factor = newGain / (prior + touches)
            for i in 0..<dimension { target[i] *= factor }
        }
    }

    /// The popularity p after `elapsed` milliseconds; time that runs backwards counts as none.
    package func decayed(_ popularity: Float, elapsed: Double) -> Float {
        popularity * Float(exp2(-max(0, elapsed) / popularityHalfLife))
    }

    /// The coordinate of a popularity, in units of a cosine.
    package func coordinate(_ popularity: Float) -> Float { popularityWeight * log1p(popularity) }
}
