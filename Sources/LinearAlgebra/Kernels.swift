import CKernels

/// The arithmetic of serving: batch-invariant, and the same bits on every processor.
///
/// No output depends on which other rows are in a batch, on the instruction set or on the thread; each is one fixed
/// sequence of fused multiply-adds and additions (`CKernels.h` says which), without libm. Matrices are row-major spans
/// whose counts must match the shapes given: a mismatch is a mistake of the caller and stops the program.
public enum Kernels {
    /// Widths of rows are multiples of this: the number of partial sums of the canonical order.
    public static let lanes = 16

    /// The least multiple of `lanes` that holds `width`.
    public static func padded(_ width: Int) -> Int { (width + lanes - 1) / lanes * lanes }

    /// y (rows, outputs) = x (rows, inputs) · weights (inputs, outputs) + bias (outputs).
    ///
    /// `outputs` is a multiple of 16. Each output is one chain of fused multiply-adds from its bias over inputs 0, 1, ….
    public static func affine(
        _ x: Span<Float>, weights: Span<Float>, bias: Span<Float>, rows: Int, inputs: Int, outputs: Int,
        into y: inout MutableSpan<Float>
    ) {
        checkAffine(x, weights, rows, inputs, outputs, y.count)
        precondition(bias.count == outputs, "bias (\(bias.count)) must be (\(outputs))")
        let (x, weights, bias) = (x.base, weights.base, bias.base)
        y.withUnsafeMutableBufferPointer { bc_affine($0.baseAddress, x, weights, bias, 0, rows, inputs, outputs) }
    }

    /// y (rows, outputs) += x (rows, inputs) · weights (inputs, outputs): the chains begin at what y holds.
    public static func accumulate(
        _ x: Span<Float>, weights: Span<Float>, rows: Int, inputs: Int, outputs: Int, into y: inout MutableSpan<Float>
    ) {
        checkAffine(x, weights, rows, inputs, outputs, y.count)
        let (x, weights) = (x.base, weights.base)
        y.withUnsafeMutableBufferPointer {
            bc_affine($0.baseAddress, x, weights, $0.baseAddress, outputs, rows, inputs, outputs)
        }
    }

    private static func checkAffine(
        _ x: Span<Float>, _ weights: Span<Float>, _ rows: Int, _ inputs: Int, _ outputs: Int, _ y: Int
    ) {
        precondition(outputs % lanes == 0, "\(outputs) outputs: must be a multiple of \(lanes)")
        precondition(
            x.count == rows * inputs && weights.count == inputs * outputs && y == rows * outputs,
            "x (\(x.count)), weights (\(weights.count)), y (\(y)) do not fit \(rows) x \(inputs) x \(outputs)")
    }

    /// The canonical dot product of two rows of the same multiple of 16 floats.
    public static func dot(_ a: Span<Float>, _ b: Span<Float>) -> Float {
        precondition(a.count == b.count && a.count % lanes == 0, "dot of (\(a.count)) and (\(b.count))")
        return bc_dot(a.base, b.base, a.count)
    }

    /// x (rows, width) = gain (width) · x / sqrt(mean of x² + epsilon), row by row; width a multiple of 16.
    public static func rmsNormalise(_ x: inout MutableSpan<Float>, gain: Span<Float>, epsilon: Float) {
        let width = gain.count
        precondition(width > 0 && width % lanes == 0 && x.count % width == 0, "x (\(x.count)), gain (\(width))")
        let gain = gain.base
        x.withUnsafeMutableBufferPointer {
            bc_rms_normalise($0.baseAddress, $0.baseAddress, gain, epsilon, $0.count / width, width)
        }
    }

    /// x (rows, width) = x / max(|x|, epsilon), row by row, so that a row of zeros stays zero; width a multiple of 16.
    public static func l2Normalise(_ x: inout MutableSpan<Float>, width: Int, epsilon: Float = 1e-12) {
        precondition(width > 0 && width % lanes == 0 && x.count % width == 0, "x (\(x.count)), width \(width)")
        x.withUnsafeMutableBufferPointer {
            bc_l2_normalise($0.baseAddress, $0.baseAddress, epsilon, $0.count / width, width)
        }
    }
}

extension Span<Float> {
    /// The address of the first element, for a call that ends before the span does.
    var base: UnsafePointer<Float>? { withUnsafeBufferPointer { $0.baseAddress } }
}
