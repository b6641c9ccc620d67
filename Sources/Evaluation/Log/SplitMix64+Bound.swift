import TwoTower

extension SplitMix64 {
    /// Uniform in 0 ..< bound, for bounds far below 2^32 (Lemire's multiplication, its tiny bias left in).
    @inline(__always) mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: ((next() >> 32) &* UInt64(truncatingIfNeeded: bound)) >> 32)
    }
}
