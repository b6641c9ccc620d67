import LinearAlgebra

/// The inner problem of implicit-feedback ALS (Hu, Koren, Volinsky 2008): given one side's factors Y, the other side's x
/// of a row that met the columns j with confidence c_j,
///
///     x = (YᵀY + λI + Uᵀ(C - I)U)⁻¹ Uᵀ c,    U the met rows of Y, c_j = α · count_j
///
/// (the `implicit` library's confidence; the paper's is one more). It is solved exactly, in coordinates in which what all
/// rows share is the identity: with the Cholesky factor YᵀY + λI = LLᵀ, W = Y L⁻ᵀ, V the met rows of W, S² = C - I,
///
///     x = L⁻ᵀ t,    (I + VᵀS²V) t = Vᵀ c
///
/// or, for a row that met fewer columns than there are factors, as most do, in the smaller dual form
///
///     (I + S V Vᵀ S) v = S⁻¹ c,    t = Vᵀ S v.
///
/// A score needs no x: x · y_j = t · w_j.
package final class FactorSolver: @unchecked Sendable {
    // Unchecked: all memory is written while it is set up, and only read by the threads that solve.
    /// d: length of a row of factors.
    package let width: Int
    /// W [rows, d].
    package let whitened: FloatBuffer
    /// L⁻¹ [d, d].
    private let inverse: FloatBuffer
    private let alpha: Float

    /// Working memory of one thread.
    package struct Scratch {
        fileprivate let gathered: FloatBuffer
        fileprivate let matrix: FloatBuffer
        fileprivate let vector: FloatBuffer
        fileprivate let roots: FloatBuffer

        /// For rows that met at most `columns`.
        package init(width: Int, columns: Int) {
            gathered = FloatBuffer(count: columns * width)
            matrix = FloatBuffer(count: width * width)
            vector = FloatBuffer(count: width)
            roots = FloatBuffer(count: columns)
        }
    }

    /// - Parameters:
    ///   - factors: Y [rows, width].
    ///   - alpha: at least 1, so that no confidence is below that of what was not met.
    /// - Returns: nil if the factors hold values that are not finite.
    package init?(factors: FloatBuffer, rows: Int, width: Int, alpha: Double, regularisation: Double) {
        precondition(alpha >= 1 && regularisation > 0 && factors.count >= rows * width)
        self.width = width
        self.alpha = Float(alpha)
        let (inverse, whitened) = (FloatBuffer(count: width * width), FloatBuffer(count: rows * width))
        (self.inverse, self.whitened) = (inverse, whitened)
        let partial = FloatBuffer(count: Parallel.pieces * width * width)
        Parallel.ranges(of: rows) { piece, range in
            Blas.accumulateGram(
                .transposed, MatrixView(factors.pointer + range.lowerBound * width, rows: range.count, columns: width),
                intoLower: MatrixView(partial.pointer + piece * width * width, rows: width, columns: width))
        }
        var shared = [Double](repeating: 0, count: width * width)
        for index in shared.indices {
            for piece in 0..<Parallel.pieces { shared[index] += Double(partial.pointer[piece * width * width + index]) }
        }
        for row in 0..<width { shared[row * width + row] += regularisation }
        let isPositive = shared.withUnsafeMutableBufferPointer { values in
            values.baseAddress.map { Blas.invertCholeskyFactor(MatrixView($0, rows: width, columns: width)) } ?? false
        }
        guard isPositive else { return nil }
        for index in shared.indices { inverse.pointer[index] = Float(shared[index]) }
        Parallel.ranges(of: rows) { _, range in
            Blas.multiply(
                MatrixView(factors.pointer + range.lowerBound * width, rows: range.count, columns: width), .plain,
                MatrixView(inverse.pointer, rows: width, columns: width), .transposed,
                into: MatrixView(whitened.pointer + range.lowerBound * width, rows: range.count, columns: width))
        }
    }

    /// x [rows, width] of t [rows, width].
    package func unwhiten(_ t: MatrixView<Float>, into x: UnsafeMutablePointer<Float>) {
        Blas.multiply(
            t, .plain, MatrixView(inverse.pointer, rows: width, columns: width),
            into: MatrixView(x, rows: t.rows, columns: width))
    }

    /// Writes t [width] of row `row` of `met`; zeros if it met nothing.
    /// - Returns: false if the problem has no solution, which values that are not finite alone bring about.
    package func solve(
        _ met: InteractionMatrix, row: Int, scratch: Scratch, into t: UnsafeMutablePointer<Float>
    ) -> Bool {
        let range = met.starts[row]..<met.starts[row + 1]
        t.update(repeating: 0, count: width)
        guard !range.isEmpty else { return true }
        for (place, entry) in range.enumerated() {
            // A confidence of exactly 1 must not divide by zero.
            let root = max(alpha * met.counts[entry] - 1, 1e-6).squareRoot()
            scratch.roots.pointer[place] = root
            let origin = whitened.pointer + Int(met.columns[entry]) * width
            let copy = scratch.gathered.pointer + place * width
            for column in 0..<width { copy[column] = origin[column] * root }
        }
        let scaled = MatrixView(scratch.gathered.pointer, rows: range.count, columns: width)
        let isDual = range.count <= width
        let order = isDual ? range.count : width
        let matrix = MatrixView(scratch.matrix.pointer, rows: order, columns: order)
        matrix.pointer.update(repeating: 0, count: order * order)
        for place in 0..<order { matrix.pointer[place * order + place] = 1 }
        Blas.accumulateGram(isDual ? .plain : .transposed, scaled, intoLower: matrix)
        // S⁻¹ c: what the dual problem asks for, and, since VᵀC = (SV)ᵀS⁻¹c, the factors of the other's right side.
        func weight(_ place: Int) -> Float {
            alpha * met.counts[range.lowerBound + place] / scratch.roots.pointer[place]
        }
        guard isDual else {
            for place in 0..<range.count { add(weight(place), scaled.pointer + place * width, to: t) }
            return Blas.solvePositive(matrix, t)
        }
        for place in 0..<range.count { scratch.vector.pointer[place] = weight(place) }
        guard Blas.solvePositive(matrix, scratch.vector.pointer) else { return false }
        for place in 0..<range.count { add(scratch.vector.pointer[place], scaled.pointer + place * width, to: t) }
        return true
    }

    @inline(__always) private func add(
        _ factor: Float, _ row: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>
    ) { for column in 0..<width { sum[column] += factor * row[column] } }
}
