import Synchronization

/// How often values of which size occurred; any thread may record, at two atomic additions a value.
///
/// Inside, every power of two is cut into 32 buckets of equal width, so a quantile is within 1/32 of the true value (and
/// exact up to 64 units). To Prometheus it shows the conventional ladder of its unit.
public final class Histogram: Sendable {
    /// What is counted.
    public enum Unit: Sendable {
        /// Durations, kept in nanoseconds, shown in seconds.
        case seconds
        /// Things: events of a batch, bytes of a message.
        case count
    }

    /// What is counted.
    public let unit: Unit
    private let buckets = InlineArray<1888, Atomic<Int>> { _ in Atomic(0) }
    // The sum in units, and how often `carry` was taken out of it: nanoseconds of lag can exceed 64 bits within hours.
    private let sum = Atomic<Int>(0)
    private let carries = Atomic<Int>(0)
    private static let carry = 1 << 61

    init(unit: Unit) { self.unit = unit }

    /// Records a duration; a negative one counts as 0.
    public func record(_ duration: Duration) {
        // Up to 9 seconds fit 64 bits, whose division is a few times faster than that of 128.
        let attoseconds = duration.attoseconds
        record(
            Int64(exactly: attoseconds).map { Int($0 / 1_000_000_000) } ?? Int(clamping: attoseconds / 1_000_000_000))
    }

    /// Records a value in the histogram's own units (nanoseconds, or things); a negative one counts as 0.
    public func record(_ value: Int) {
        let value = min(max(value, 0), Self.carry)
        buckets[Self.bucket(of: value)].wrappingAdd(1, ordering: .relaxed)
        let total = sum.wrappingAdd(value, ordering: .relaxed).newValue
        if total >= Self.carry,
            sum.compareExchange(expected: total, desired: total - Self.carry, ordering: .relaxed).exchanged
        {
            carries.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// The counts at one moment. Values recorded meanwhile may or may not be in it.
    public func snapshot() -> Snapshot {
        var counts = [Int](repeating: 0, count: buckets.count)
        for index in counts.indices { counts[index] = buckets[index].load(ordering: .relaxed) }
        let sum = Double(carries.load(ordering: .relaxed)) * Double(Self.carry) + Double(sum.load(ordering: .relaxed))
        return Snapshot(unit: unit, counts: counts, rawSum: sum)
    }

    /// Bucket i holds the values v with lowerBound(i) < v <= lowerBound(i + 1); 0 is in the first. With this side closed the
    /// powers of two are exact bounds, as Prometheus' `le` needs.
    static func bucket(of value: Int) -> Int {
        let below = max(value - 1, 0)
        guard below >= 32 else { return below }
        let exponent = Int.bitWidth - 1 - below.leadingZeroBitCount
        return (exponent - 4) * 32 + (below >> (exponent - 5)) - 32
    }

    static func lowerBound(of bucket: Int) -> Int {
        guard bucket >= 32 else { return bucket }
        let exponent = bucket / 32 + 4
        // The bound after the last bucket is 2^63, one more than an Int holds.
        guard exponent < Int.bitWidth - 1 else { return Int.max }
        return (bucket % 32 + 32) << (exponent - 5)
    }
}

extension Histogram {
    /// What a histogram held at one moment. Values are in seconds, or in things, as the histogram's unit says.
    public struct Snapshot: Sendable {
        private let unit: Unit
        private let counts: [Int]
        private let rawSum: Double

        /// How many values were recorded.
        public let count: Int

        init(unit: Unit, counts: [Int], rawSum: Double) {
            self.unit = unit
            self.counts = counts
            self.rawSum = rawSum
            count = counts.reduce(0, &+)
        }

        /// The sum of the values.
        public var sum: Double { rawSum / scale }

        /// The value that a share `fraction` (0 to 1) of the values does not exceed, by the nearest-rank rule, to within
        /// 1/32 from above; nil where nothing was recorded.
        public func quantile(_ fraction: Double) -> Double? {
            guard count > 0 else { return nil }
            let rank = max(1, Int((min(max(fraction, 0), 1) * Double(count)).rounded(.up)))
            var seen = 0
            for (bucket, occurrences) in counts.enumerated() {
                seen += occurrences
                if seen >= rank { return Double(Histogram.lowerBound(of: bucket + 1)) / scale }
            }
            return nil
        }

        /// What happened since `earlier`, a snapshot of the same histogram.
        public func since(_ earlier: Snapshot) -> Snapshot {
            Snapshot(
                unit: unit, counts: zip(counts, earlier.counts).map { $0 - $1 }, rawSum: rawSum - earlier.rawSum)
        }

        /// The conventional bounds and how many values do not exceed each. A value within 1/32 above a bound that is no
        /// power of two may be counted with it.
        var ladder: [(bound: Double, count: Int)] {
            var bucket = 0
            var seen = 0
            return unit.ladder.map { bound in
                let last = Histogram.bucket(of: Int((bound * scale).rounded()))
                while bucket <= last {
                    seen += counts[bucket]
                    bucket += 1
                }
                return (bound, seen)
            }
        }

        private var scale: Double { unit == .seconds ? 1e9 : 1 }
    }
}

extension Histogram.Unit {
    /// The bounds that Prometheus sees.
    var ladder: [Double] {
        switch self {
        case .seconds:
            [
                0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                0.5,
                1, 2.5, 5, 10, 30, 60, 300,
            ]
        case .count: (0...20).map { Double(1 << $0) }
        }
    }
}
