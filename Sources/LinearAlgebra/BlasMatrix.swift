import COpenBLAS

/// A borrowed row-major matrix [rows, columns] without gaps between its rows.
public struct MatrixView<Scalar> {
    public let pointer: UnsafeMutablePointer<Scalar>
    /// Number of rows.
    public let rows: Int
    /// Number of columns, which is also the distance between rows.
    public let columns: Int

    /// Borrows `rows · columns` values at `pointer`, which must outlive the view.
    public init(_ pointer: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int) {
        self.pointer = pointer
        self.rows = rows
        self.columns = columns
    }

    /// Borrows values that will only be read.
    public init(reading pointer: UnsafePointer<Scalar>, rows: Int, columns: Int) {
        self.init(UnsafeMutablePointer(mutating: pointer), rows: rows, columns: columns)
    }

    /// The same values with other extents.
    public func slice(from row: Int, count: Int) -> MatrixView {
        MatrixView(pointer + row * columns, rows: count, columns: columns)
    }
}

/// How a factor enters a product.
public enum Orientation: Sendable {
    case plain
    case transposed

    fileprivate var blas: CBLAS_TRANSPOSE { self == .plain ? CblasNoTrans : CblasTrans }
}

/// Matrix products through OpenBLAS, for training and set-up. Serving has kernels of its own: BLAS chooses the order of
/// additions by shape, so its last bits depend on the batch.
public enum Blas {
    /// Keeps OpenBLAS on the calling thread: whoever wants more threads cuts the work, so that results do not depend on them.
    public static func useCallingThreadOnly() { openblas_set_num_threads(1) }

    /// c [m, n] = scale · a [m, k] b [k, n] + (accumulate ? c : 0), each factor transposed first if so oriented.
    public static func multiply(
        _ a: MatrixView<Float>, _ orientationA: Orientation = .plain, _ b: MatrixView<Float>,
        _ orientationB: Orientation = .plain,
        into c: MatrixView<Float>, scale: Float = 1, accumulate: Bool = false
    ) {
        let depth = checkedDepth(a, orientationA, b, orientationB, c)
        guard c.rows > 0, c.columns > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, orientationA.blas, orientationB.blas, Int32(c.rows), Int32(c.columns), Int32(depth), scale,
            a.pointer,
            Int32(max(1, a.columns)), b.pointer, Int32(max(1, b.columns)), accumulate ? 1 : 0, c.pointer,
            Int32(c.columns))
    }

    /// The same in double precision.
    public static func multiply(
        _ a: MatrixView<Double>, _ orientationA: Orientation = .plain, _ b: MatrixView<Double>,
        _ orientationB: Orientation = .plain,
        into c: MatrixView<Double>
    ) {
        let depth = checkedDepth(a, orientationA, b, orientationB, c)
        guard c.rows > 0, c.columns > 0 else { return }
        cblas_dgemm(
            CblasRowMajor, orientationA.blas, orientationB.blas, Int32(c.rows), Int32(c.columns), Int32(depth), 1,
            a.pointer,
            Int32(max(1, a.columns)), b.pointer, Int32(max(1, b.columns)), 0, c.pointer, Int32(c.columns))
    }

    /// Eigenvalues, ascending, of a symmetric matrix [n, n], which is overwritten: row k holds the eigenvector of value k.
    /// Nil if LAPACK's iteration does not converge (as with values that are not finite).
    public static func symmetricEigenvalues(_ matrix: MatrixView<Double>) -> [Double]? {
        precondition(matrix.rows == matrix.columns, "a symmetric matrix is square")
        var n = Int32(matrix.rows)
        var values = [Double](repeating: 0, count: matrix.rows)
        var info: Int32 = 0
        var workSize: Int32 = -1
        var indexSize: Int32 = -1
        var bestWork = 0.0
        var bestIndex: Int32 = 0
        // First the sizes of the work space, then the work. Column-major columns are row-major rows.
        dsyevd_("V", "U", &n, matrix.pointer, &n, &values, &bestWork, &workSize, &bestIndex, &indexSize, &info)
        guard info == 0 else { return nil }
        workSize = Int32(bestWork)
        indexSize = bestIndex
        var work = [Double](repeating: 0, count: Int(workSize))
        var index = [Int32](repeating: 0, count: Int(indexSize))
        var order = n
        dsyevd_("V", "U", &n, matrix.pointer, &order, &values, &work, &workSize, &index, &indexSize, &info)
        return info == 0 ? values : nil
    }

    private static func checkedDepth<Scalar>(
        _ a: MatrixView<Scalar>, _ orientationA: Orientation, _ b: MatrixView<Scalar>, _ orientationB: Orientation,
        _ c: MatrixView<Scalar>
    ) -> Int {
        let (rows, depth) = orientationA == .plain ? (a.rows, a.columns) : (a.columns, a.rows)
        let (inner, columns) = orientationB == .plain ? (b.rows, b.columns) : (b.columns, b.rows)
        precondition(
            depth == inner && rows == c.rows && columns == c.columns,
            "[\(rows), \(depth)] by [\(inner), \(columns)] does not give [\(c.rows), \(c.columns)]")
        return depth
    }
}
