import Observability
import Testing

@Suite struct HistogramTests {
    /// A generator that gives the same numbers everywhere (SplitMix64).
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    @Test(arguments: [0, 4, 10, 20, 40, 60])
    func quantilesAreThoseOfTheSortedValues(bits: Int) throws {
        var numbers = Numbers(state: UInt64(bits))
        let histogram = MetricRegistry().histogram("h", "H.", unit: .count)
        var values = (0..<5000).map { _ in
            Int.random(in: 1...(1 << Int.random(in: 0...bits, using: &numbers)), using: &numbers)
        }
        for value in values { histogram.record(value) }
        values.sort()
        let snapshot = histogram.snapshot()
        for fraction in [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = Double(values[max(0, Int((fraction * 5000).rounded(.up)) - 1)])
            let found = try #require(snapshot.quantile(fraction))
            #expect(found >= exact && found <= exact * (1 + 1 / 32.0), "\(fraction): \(found) for \(exact)")
            if exact <= 64 { #expect(found == exact) }
        }
        #expect(snapshot.count == 5000)
        let sum = values.reduce(0.0) { $0 + Double($1) }
        #expect(abs(snapshot.sum - sum) <= 1e-12 * sum)
    }

    @Test func durationsAreSeconds() throws {
        let histogram = MetricRegistry().histogram("h_seconds", "H.")
        #expect(histogram.snapshot().quantile(0.5) == nil)
        histogram.record(.milliseconds(250))
        histogram.record(.seconds(-3))
        let snapshot = histogram.snapshot()
        #expect(snapshot.sum == 0.25)
        let largest = try #require(snapshot.quantile(1))
        #expect(largest >= 0.25 && largest < 0.25 * 33 / 32)
    }

    @Test func enormousValuesNeitherTrapNorWrap() throws {
        let histogram = MetricRegistry().histogram("h_seconds", "H.")
        histogram.record(.seconds(Int64.max))
        histogram.record(.seconds(Int64.min))
        for _ in 0..<20 { histogram.record(Int.max) }
        // Each is held to 2^61 ns, some 73 years; their sum is beyond 64 bits of nanoseconds.
        let snapshot = histogram.snapshot()
        #expect(snapshot.count == 22)
        #expect(snapshot.sum == 21 * 0x1p61 / 1e9)
    }

    @Test func aDifferenceIsWhatCameSince() throws {
        let histogram = MetricRegistry().histogram("h", "H.", unit: .count)
        for _ in 0..<10 { histogram.record(5) }
        let earlier = histogram.snapshot()
        for _ in 0..<3 { histogram.record(50) }
        let difference = histogram.snapshot().since(earlier)
        #expect(difference.count == 3)
        #expect(difference.sum == 150)
        #expect(difference.quantile(0) == 50)
    }
}
