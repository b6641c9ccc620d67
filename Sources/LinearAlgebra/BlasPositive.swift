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

    /// Replaces a symmetric positive definite matrix [n, n], of which the lower triangle is read, by its inverse. False, with
    /// contents undefined, if it is not positive definite.
    public static func invertPositive(_ matrix: MatrixView<Double>) -> Bool {
        precondition(matrix.rows == matrix.columns, "a symmetric matrix is square")
        guard matrix.rows > 0 else { return true }
        var (n, info) = (Int32(matrix.rows), Int32(0))
        var order = n
        dpotrf_("U", &n, matrix.pointer, &order, &info)
        guard info == 0 else { return false }
        dpotri_("U", &n, matrix.pointer, &order, &info)
        guard info == 0 else { return false }
        for row in 0..<matrix.rows {
            for column in 0..<row {
                matrix.pointer[column * matrix.columns + row] = matrix.pointer[row * matrix.columns + column]
            }
        }
        return true
    }

    /// The lower triangle of c [n, n] += aᵀ a of a [m, n]; what stands above the diagonal is left as it is.
    public static func accumulateGram(_ a: MatrixView<Float>, intoLower c: MatrixView<Float>) {
        precondition(
            a.columns == c.rows && a.columns == c.columns,
            "aᵀa of [\(a.rows), \(a.columns)] into [\(c.rows), \(c.columns)]")
        guard a.rows > 0, a.columns > 0 else { return }
        let n = Int32(a.columns)
        cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, n, Int32(a.rows), 1, a.pointer, n, 1, c.pointer, n)
    }
}
