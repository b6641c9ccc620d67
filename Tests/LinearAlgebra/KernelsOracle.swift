// Naive scalar kernels in the documented order of operations: what every level of instructions must equal bit for bit.

/// A small deterministic generator (SplitMix64), so that a failure repeats.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -2...2) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }

    /// Floats of any finite magnitude, subnormal ones included.
    mutating func wildFloats(_ count: Int) -> [Float] {
        (0..<count).map { _ in
            let value = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &self))
            return value.isFinite ? value : 1
        }
    }
}

enum Oracle {
    static func affine(_ x: [Float], _ w: [Float], start: [Float], rows: Int, inputs: Int, outputs: Int) -> [Float] {
        var y = start
        for r in 0..<rows {
            for o in 0..<outputs {
                for i in 0..<inputs { y[r * outputs + o].addProduct(x[r * inputs + i], w[i * outputs + o]) }
            }
        }
        return y
    }

    static func dot(_ a: [Float], _ b: [Float]) -> Float {
        var sums = [Float](repeating: 0, count: 16)
        for i in a.indices { sums[i % 16].addProduct(a[i], b[i]) }
        for half in [8, 4, 2, 1] {
            for l in 0..<half { sums[l] += sums[l + half] }
        }
        return sums[0]
    }
}

extension [Float] {
    /// The bits, since `==` hides the sign of zero and NaN.
    var bits: [UInt32] { map(\.bitPattern) }
}
