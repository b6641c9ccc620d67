import LinearAlgebra

/// Sums, norms and functions of rows as training uses them.
package enum RowMath {
    /// The largest value; -infinity of none.
    static func maximum(_ row: UnsafeMutableBufferPointer<Float>) -> Float {
        var lanes = SIMD16<Float>(repeating: -.infinity)
        forEachVector(of: row) { lanes.replace(with: $0, where: $0 .> lanes) }
        var result = lanes.max()
        for index in row.count / 16 * 16..<row.count { result = max(result, row[index]) }
        return result
    }

    static func sum(_ row: UnsafeMutableBufferPointer<Float>) -> Float {
        var lanes = SIMD16<Float>.zero
        forEachVector(of: row) { lanes += $0 }
        var result = lanes.sum()
        for index in row.count / 16 * 16..<row.count { result += row[index] }
        return result
    }

    private static func forEachVector(of row: UnsafeMutableBufferPointer<Float>, _ body: (SIMD16<Float>) -> Void) {
        let bytes = UnsafeRawBufferPointer(row)
        for vector in 0..<row.count / 16 {
            body(bytes.loadUnaligned(fromByteOffset: vector * 64, as: SIMD16<Float>.self))
        }
    }

    /// The gradient of x / |x| carried back: into = (gradient - unit · (unit · gradient)) / length, all [d].
    static func normaliseBackward(
        unit: UnsafePointer<Float>, length: Float, gradient: UnsafePointer<Float>,
        into result: UnsafeMutablePointer<Float>, count d: Int
    ) {
        let along = dot(unit, gradient, d)
        let inverse = 1 / length
        for i in 0..<d { result[i] = (gradient[i] - unit[i] * along) * inverse }
    }

    /// The dot product of two rows whose length is a multiple of 16.
    static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ d: Int) -> Float {
        Kernels.dot(UnsafeBufferPointer(start: a, count: d).span, UnsafeBufferPointer(start: b, count: d).span)
    }

    /// y = 1 / (1 + e^-x); y may be x.
    static func sigmoid(of x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        if y != UnsafeMutablePointer(mutating: x) { y.update(from: x, count: count) }
        var span = UnsafeMutableBufferPointer(start: y, count: count).mutableSpan
        Kernels.sigmoid(&span)
    }

    /// x = e^x.
    static func exponential(_ x: UnsafeMutableBufferPointer<Float>) {
        var span = x.mutableSpan
        Kernels.exp(&span)
    }
}
