import COpenBLAS

/// Symmetric positive definite matrices, through LAPACK's Cholesky factorisation.
extension Blas {
    /// Replaces `vector` [n] by the solution x of matrix [n, n] · x = vector; the matrix is overwritten, and only its lower
    /// triangle is read. False, with contents undefined, if it is not positive definite.
    public static func solvePositive(_ matrix: MatrixView<Float>, _ vector: UnsafeMutablePointer<Float>) -> Bool {
        precondition(matrix.rows == matrix.columns, "a symmetric matrix is square")
        guard matrix.rows > 0 else { return true }
        var (n, one, info) = (Int32(matrix.rows), Int32(1), Int32(0))
        var (order, length) = (n, n)
        // Column-major upper is row-major lower.
        sposv_("U", &n, &one, matrix.pointer, &order, vector, &length, &info)
        return info == 0
    }

    /// Replaces a symmetric positive definite matrix [n, n] = C Cᵀ, of which the lower triangle is read, by C⁻¹: lower
    /// triangular, zeros above. False, with contents undefined, if it is not positive definite.
    public static func invertCholeskyFactor(_ matrix: MatrixView<Double>) -> Bool {
        precondition(matrix.rows == matrix.columns, "a symmetric matrix is square")
        guard matrix.rows > 0 else { return true }
        var (n, info) = (Int32(matrix.rows), Int32(0))
        var order = n
        // In columns an upper factor U with UᵀU; in rows that is the lower C.
        dpotrf_("U", &n, matrix.pointer, &order, &info)
        guard info == 0 else { return false }
        dtrtri_("U", "N", &n, matrix.pointer, &order, &info)
        guard info == 0 else { return false }
        for row in 0..<matrix.rows {
            for column in row + 1..<max(row + 1, matrix.columns) { matrix.pointer[row * matrix.columns + column] = 0 }
        }
        return true
    }

    /// The lower triangle of c [n, n] += aᵀ a of a [m, n], or a aᵀ of a [n, m]; what stands above the diagonal is left as it is.
    ///
    /// - Parameter orientation: of the first factor.
    public static func accumulateGram(
        _ orientation: Orientation, _ a: MatrixView<Float>, intoLower c: MatrixView<Float>
    ) {
        let (n, depth) = orientation == .plain ? (a.rows, a.columns) : (a.columns, a.rows)
        precondition(
            n == c.rows && n == c.columns,
            "the Gram matrix of [\(a.rows), \(a.columns)] is no [\(c.rows), \(c.columns)]")
        guard n > 0, depth > 0 else { return }
        cblas_ssyrk(
            CblasRowMajor, CblasLower, orientation == .plain ? CblasNoTrans : CblasTrans, Int32(n), Int32(depth), 1,
            a.pointer, Int32(a.columns), 1, c.pointer, Int32(n))
    }
}
