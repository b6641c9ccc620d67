import Commerce

/// The time in which a count loses half of its worth, by which event time is divided into ticks of 1/64 of it.
///
/// Forward decay (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009): an event of time t counts
/// g(t) = 2^((t - L) / half-life) for a landmark L, and a sum of such weights divided by g(now) is the decayed count of now. No
/// weight ever changes, so an event that comes late counts what it would have counted in time.
///
/// The powers are made of square roots, products and shifts of the exponent, which IEEE 754 rounds alike on every machine.
public struct HalfLife: Equatable, Sendable {
    /// Ticks of a half-life.
    package static let ticks: Int64 = 64

    /// Milliseconds of a tick, at least 1.
    package let tick: Int64

    /// The nearest multiple of 64 milliseconds that is not above `milliseconds`, and at least 64.
    public init(milliseconds: Int64) { tick = max(milliseconds / HalfLife.ticks, 1) }

    package init(tick: Int64) { self.tick = max(tick, 1) }

    /// The tick that `time` lies in.
    package func tick(of time: EventTime) -> Int64 {
        let (quotient, remainder) = time.rawValue.quotientAndRemainder(dividingBy: tick)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The half-life that a tick lies in; a half-life's first tick is the landmark of the weights in it.
    package static func period(of tick: Int64) -> Int64 { tick >> 6 }

    /// The weight of an event at `tick` by the landmark of `period`: 2^(tick / 64 - period).
    package static func weight(at tick: Int64, from period: Int64) -> Double {
        scale(powers[Int(tick & 63)], by: HalfLife.period(of: tick) &- period)
    }

    /// `value` · 2^`exponent`: exact while it is a normal number.
    package static func scale(_ value: Double, by exponent: Int64) -> Double {
        // Beyond these every positive number is 0 or infinite anyway.
        Double(sign: .plus, exponent: Int(min(max(exponent, -2_200), 2_200)), significand: value)
    }

    /// 2^(k / 64) for k = 0...63: by the bits of k the product of the square root of 2, its square root, and so on.
    private static let powers: [Double] = {
        var powers = [Double](repeating: 1, count: 64)
        var root = 2.0
        for bit in (0..<6).reversed() {
            root = root.squareRoot()
            for k in powers.indices where k >> bit & 1 == 1 { powers[k] *= root }
        }
        return powers
    }()
}
