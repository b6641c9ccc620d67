import LinearAlgebra

/// The inner problem of implicit-feedback ALS (Hu, Koren, Volinsky 2008): given one side's factors Y, the other side's x
/// of a row that met the columns j with confidence c_j,
///
///     x = (YᵀY + λI + Uᵀ(C - I)U)⁻¹ Uᵀ c,    U the met rows of Y, c_j = α · count_j
///
/// (the `implicit` library's confidence; the paper's is one more). It is solved exactly. A row that met fewer columns than
/// there are factors, as most do, has the smaller dual problem: with M = YᵀY + λI, Z = Y M⁻¹ and S² = C - I,
///
///     (I + S U Zᵤᵀ S) v = S⁻¹ c,    x = Zᵤᵀ S v
///
/// which follows from (M + UᵀS²U)⁻¹Uᵀ = M⁻¹Uᵀ(I + S²UM⁻¹Uᵀ)⁻¹ (Woodbury), and costs n²d + n³/3 in place of nd² + d³/3.
final class FactorSolver: @unchecked Sendable {
    // Unchecked: all memory is written while it is set up, and only read by the threads that solve.
    let width: Int
    private let factors: FloatBuffer
    /// M [d, d] and Z [rows, d].
    private let base: FloatBuffer
    private let image: FloatBuffer
    private let alpha: Float

    /// Working memory of one thread.
    struct Scratch {
        fileprivate let gathered: FloatBuffer
        fileprivate let images: FloatBuffer
        fileprivate let matrix: FloatBuffer
        fileprivate let vector: FloatBuffer
        fileprivate let roots: FloatBuffer

        /// For rows that met at most `columns`.
        init(width: Int, columns: Int) {
            gathered = FloatBuffer(count: columns * width)
            images = FloatBuffer(count: min(columns, width) * width)
            matrix = FloatBuffer(count: width * width)
            vector = FloatBuffer(count: max(width, columns))
            roots = FloatBuffer(count: columns)
        }
    }

    /// - Parameters:
    ///   - factors: Y [rows, width].
    ///   - alpha: at least 1, so that no confidence is below that of what was not met.
    /// - Returns: nil if the factors hold values that are not finite.
    init?(factors: FloatBuffer, rows: Int, width: Int, alpha: Double, regularisation: Double) {
        precondition(alpha >= 1 && regularisation > 0 && factors.count >= rows * width)
        self.factors = factors
        self.width = width
        self.alpha = Float(alpha)
        base = FloatBuffer(count: width * width)
        image = FloatBuffer(count: rows * width)
        let partial = FloatBuffer(count: Parallel.pieces * width * width)
        Parallel.ranges(of: rows) { piece, range in
            Blas.accumulateGram(
                MatrixView(factors.pointer + range.lowerBound * width, rows: range.count, columns: width),
                intoLower: MatrixView(partial.pointer + piece * width * width, rows: width, columns: width))
        }
        var inverse = [Double](repeating: 0, count: width * width)
        for row in 0..<width {
            for column in 0...row {
                var sum = row == column ? regularisation : 0
                for piece in 0..<Parallel.pieces {
                    sum += Double(partial.pointer[(piece * width + row) * width + column])
                }
                base.pointer[row * width + column] = Float(sum)
                base.pointer[column * width + row] = Float(sum)
                inverse[row * width + column] = sum
            }
        }
        let isPositive = inverse.withUnsafeMutableBufferPointer { values in
            values.baseAddress.map { Blas.invertPositive(MatrixView($0, rows: width, columns: width)) } ?? false
        }
        guard isPositive else { return nil }
        let (narrow, image) = (FloatBuffer(count: width * width), image)
        for index in inverse.indices { narrow.pointer[index] = Float(inverse[index]) }
        Parallel.ranges(of: rows) { _, range in
            Blas.multiply(
                MatrixView(factors.pointer + range.lowerBound * width, rows: range.count, columns: width),
                .plain, MatrixView(narrow.pointer, rows: width, columns: width),
                into: MatrixView(image.pointer + range.lowerBound * width, rows: range.count, columns: width))
        }
    }

    /// Writes x [width] of row `row` of `met`; zeros if it met nothing.
    /// - Returns: false if the problem has no solution, which values that are not finite alone bring about.
    func solve(_ met: InteractionMatrix, row: Int, scratch: Scratch, into x: UnsafeMutablePointer<Float>) -> Bool {
        let range = met.starts[row]..<met.starts[row + 1]
        x.update(repeating: 0, count: width)
        guard !range.isEmpty else { return true }
        // A tenth more than half: where both ways take about as long.
        let isDual = range.count * 10 <= width * 7
        for (place, entry) in range.enumerated() {
            let confidence = alpha * met.counts[entry]
            // A confidence of exactly 1 must not divide by zero.
            let root = max(confidence - 1, 1e-6).squareRoot()
            scratch.roots.pointer[place] = root
            gather(factors, met.columns[entry], times: root, into: scratch.gathered.pointer + place * width)
            if isDual {
                gather(image, met.columns[entry], times: root, into: scratch.images.pointer + place * width)
                scratch.vector.pointer[place] = confidence / root
            }
        }
        return isDual
            ? solveDual(count: range.count, scratch, into: x) : solveDirectly(met, range, scratch, into: x)
    }

    private func solveDual(count: Int, _ scratch: Scratch, into x: UnsafeMutablePointer<Float>) -> Bool {
        let kernel = MatrixView(scratch.matrix.pointer, rows: count, columns: count)
        Blas.multiply(
            MatrixView(scratch.gathered.pointer, rows: count, columns: width), .plain,
            MatrixView(scratch.images.pointer, rows: count, columns: width), .transposed, into: kernel)
        for place in 0..<count { kernel.pointer[place * count + place] += 1 }
        guard Blas.solvePositive(kernel, scratch.vector.pointer) else { return false }
        for place in 0..<count {
            let (factor, row) = (scratch.vector.pointer[place], scratch.images.pointer + place * width)
            for column in 0..<width { x[column] += factor * row[column] }
        }
        return true
    }

    private func solveDirectly(
        _ met: InteractionMatrix, _ range: Range<Int>, _ scratch: Scratch, into x: UnsafeMutablePointer<Float>
    ) -> Bool {
        let matrix = MatrixView(scratch.matrix.pointer, rows: width, columns: width)
        matrix.pointer.update(from: base.pointer, count: width * width)
        Blas.accumulateGram(
            MatrixView(scratch.gathered.pointer, rows: range.count, columns: width), intoLower: matrix)
        for (place, entry) in range.enumerated() {
            let factor = alpha * met.counts[entry] / scratch.roots.pointer[place]
            let row = scratch.gathered.pointer + place * width
            for column in 0..<width { x[column] += factor * row[column] }
        }
        return Blas.solvePositive(matrix, x)
    }

    @inline(__always) private func gather(
        _ source: FloatBuffer, _ index: Int32, times factor: Float, into row: UnsafeMutablePointer<Float>
    ) {
        let origin = source.pointer + Int(index) * width
        for column in 0..<width { row[column] = origin[column] * factor }
    }
}
