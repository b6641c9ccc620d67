/// A sparse square matrix by rows: row r holds `values[starts[r]..<starts[r + 1]]` in `columns`.
public struct SparseRows: Sendable {
    /// Per row the place of its first entry, and at the end the number of entries: one more than there are rows.
    public var starts: [Int]
    /// Per entry its column; the first is 0.
    public var columns: [Int32]
    /// Per entry its value.
    public var values: [Float]

    public init(starts: [Int], columns: [Int32], values: [Float]) {
        self.starts = starts
        self.columns = columns
        self.values = values
    }

    /// Number of rows, and of columns.
    public var rows: Int { starts.count - 1 }

    /// result [rows, k] = self · dense [rows, k], by row: the result does not depend on the number of threads.
    package func multiply(_ dense: MatrixView<Double>, into result: MatrixView<Double>) {
        let width = dense.columns
        let target = SharedMatrix(result)
        let source = SharedMatrix(dense)
        Parallel.ranges(of: rows) { _, range in
            for row in range {
                let out = target.view.pointer + row * width
                out.update(repeating: 0, count: width)
                for entry in starts[row]..<starts[row + 1] {
                    let value = Double(values[entry])
                    let other = source.view.pointer + Int(columns[entry]) * width
                    for column in 0..<width { out[column] += value * other[column] }
                }
            }
        }
    }
}

/// Hands a matrix to the threads of one parallel loop.
private struct SharedMatrix: @unchecked Sendable {
    // Unchecked: each thread writes rows of its own.
    let view: MatrixView<Double>

    init(_ view: MatrixView<Double>) { self.view = view }
}

/// The leading eigenpairs of a sparse symmetric matrix by randomised subspace iteration
/// (Halko, Martinsson, Tropp 2011, algorithms 4.4 and 5.3), in double precision.
public enum LeadingEigenpairs {
    /// U [n, k] · |Λ|^½ of the `k` eigenvalues largest in size, row-major; columns beyond the rank are zero.
    ///
    /// - Parameters:
    ///   - start: independent standard normal numbers.
    ///   - iterations: multiplications by the matrix; more separate close eigenvalues better.
    /// - Returns: nil if LAPACK does not converge.
    public static func scaledVectors(
        of matrix: SparseRows, count k: Int, oversampling: Int = 16, iterations: Int = 6, start: () -> Double
    ) -> [Float]? {
        let n = matrix.rows
        let width = min(n, k + oversampling)
        var basis = [Double](unsafeUninitializedCapacity: n * width) { buffer, count in
            for index in 0..<n * width { buffer[index] = start() }
            count = n * width
        }
        var image = [Double](repeating: 0, count: n * width)
        var small = [Double](repeating: 0, count: width * width)
        return basis.withUnsafeMutableBufferPointer { basis in
            image.withUnsafeMutableBufferPointer { image in
                small.withUnsafeMutableBufferPointer { small -> [Float]? in
                    guard let q = basis.baseAddress, let y = image.baseAddress, let s = small.baseAddress else {
                        return []
                    }
                    let q2 = MatrixView(q, rows: n, columns: width)
                    let y2 = MatrixView(y, rows: n, columns: width)
                    let s2 = MatrixView(s, rows: width, columns: width)
                    guard orthonormalise(q2, s2, y2) else { return nil }
                    for _ in 0..<iterations {
                        matrix.multiply(q2, into: y2)
                        q.update(from: y, count: n * width)
                        guard orthonormalise(q2, s2, y2) else { return nil }
                    }
                    matrix.multiply(q2, into: y2)
                    Blas.multiply(q2, .transposed, y2, into: s2)
                    guard let values = Blas.symmetricEigenvalues(s2) else { return nil }
                    Blas.multiply(q2, .plain, s2, .transposed, into: y2)
                    return scaled(y2, values, count: k)
                }
            }
        }
    }

    /// Orthonormal columns for the span of q [n, w], in place: q · V · λ^-½ with the eigenpairs of its Gram matrix, twice for
    /// accuracy. Columns of a span that is too small become zero.
    private static func orthonormalise(_ q: MatrixView<Double>, _ gram: MatrixView<Double>, _ spare: MatrixView<Double>)
        -> Bool
    {
        for _ in 0..<2 {
            Blas.multiply(q, .transposed, q, into: gram)
            guard let values = Blas.symmetricEigenvalues(gram) else { return false }
            let largest = values.last ?? 0
            for (row, value) in values.enumerated() {
                let factor = value > largest * 1e-20 && value > 0 ? 1 / value.squareRoot() : 0
                for column in 0..<gram.columns { gram.pointer[row * gram.columns + column] *= factor }
            }
            Blas.multiply(q, .plain, gram, .transposed, into: spare)
            q.pointer.update(from: spare.pointer, count: q.rows * q.columns)
        }
        return true
    }

    private static func scaled(_ vectors: MatrixView<Double>, _ values: [Double], count k: Int) -> [Float] {
        let order = values.indices.sorted { abs(values[$0]) > abs(values[$1]) }.prefix(k)
        var result = [Float](repeating: 0, count: vectors.rows * k)
        for row in 0..<vectors.rows {
            for (position, column) in order.enumerated() {
                let value = vectors.pointer[row * vectors.columns + column] * abs(values[column]).squareRoot()
                result[row * k + position] = Float(value)
            }
        }
        return result
    }
}
