/// A small seeded generator (Steele, Lea, Flood 2014): training, samples and resamples must repeat themselves by their seed.
///
/// Inlinable, for a resample draws once for each user.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline package var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// A generator of its own for each combination of seed and stream numbers.
    package init(seed: UInt64, streams: Int...) {
        state = seed
        for stream in streams { state = next() ^ UInt64(truncatingIfNeeded: stream) }
    }

    @inlinable package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    @inlinable package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Standard normal, as a sum of twelve uniform numbers less six: exact arithmetic only, tails do not matter here.
    package mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += uniform() }
        return sum
    }
}
