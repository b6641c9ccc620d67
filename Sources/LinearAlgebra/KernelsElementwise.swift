import CKernels

/// Element-wise functions, in place, over any number of elements. NaN gives NaN; infinities give the limits.
extension Kernels {
    /// x = e^x, within 2 ulp.
    public static func exp(_ x: inout MutableSpan<Float>) {
        x.withUnsafeMutableBufferPointer { bc_exp($0.baseAddress, $0.baseAddress, $0.count) }
    }

    /// x = 1 / (1 + e^-x), within 3 ulp.
    public static func sigmoid(_ x: inout MutableSpan<Float>) {
        x.withUnsafeMutableBufferPointer { bc_sigmoid($0.baseAddress, $0.baseAddress, $0.count) }
    }

    /// x = x / (1 + e^-x), within 4 ulp; within 1e-43 below -87, where the sigmoid is subnormal.
    public static func silu(_ x: inout MutableSpan<Float>) {
        x.withUnsafeMutableBufferPointer { bc_silu($0.baseAddress, $0.baseAddress, $0.count) }
    }

    /// Rounds numbers to the nearest halves, ties to even; those beyond the range become the largest half. NaN gives NaN.
    ///
    /// - Parameter halves: room for `numbers.count`.
    public static func round(_ numbers: UnsafeBufferPointer<Float>, toHalves halves: UnsafeMutablePointer<Float16>) {
        halves.withMemoryRebound(to: UInt16.self, capacity: numbers.count) {
            bc_to_half($0, numbers.baseAddress, numbers.count)
        }
    }

    /// The halves as numbers, exactly.
    ///
    /// - Parameter numbers: room for `halves.count`.
    public static func widen(_ halves: Span<Float16>, into numbers: UnsafeMutablePointer<Float>) {
        halves.withUnsafeBufferPointer { halves in
            halves.withMemoryRebound(to: UInt16.self) { bc_from_half(numbers, $0.baseAddress, $0.count) }
        }
    }

    /// x = x · factor; equal counts.
    public static func multiply(_ x: inout MutableSpan<Float>, by factor: Span<Float>) {
        precondition(x.count == factor.count, "x (\(x.count)), factor (\(factor.count))")
        let factor = factor.base
        x.withUnsafeMutableBufferPointer { bc_multiply($0.baseAddress, $0.baseAddress, factor, $0.count) }
    }

    /// x = x + addend: a residual connection; equal counts.
    public static func add(_ x: inout MutableSpan<Float>, _ addend: Span<Float>) {
        precondition(x.count == addend.count, "x (\(x.count)), addend (\(addend.count))")
        let addend = addend.base
        x.withUnsafeMutableBufferPointer { bc_add($0.baseAddress, $0.baseAddress, addend, $0.count) }
    }

    /// state = keep · state + (1 - keep) · candidate: a step of the gated linear recurrence; equal counts.
    public static func gatedUpdate(_ state: inout MutableSpan<Float>, keep: Span<Float>, candidate: Span<Float>) {
        precondition(
            state.count == keep.count && state.count == candidate.count,
            "state (\(state.count)), keep (\(keep.count)), candidate (\(candidate.count))")
        let (keep, candidate) = (keep.base, candidate.base)
        state.withUnsafeMutableBufferPointer { bc_gated_update($0.baseAddress, keep, candidate, $0.count) }
    }

    /// The logarithm to base 2 of a number above 0 along the chords between powers of two, at most 0.087 below it: the same on
    /// every machine, which the library's is not.
    public static func chordLog2(_ value: Double) -> Double { Double(value.exponent) + value.significand - 1 }
}
