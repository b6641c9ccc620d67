import LinearAlgebra
import Testing

/// Cholesky through LAPACK, against products with the matrix itself.
@Suite struct PositiveTests {
    /// AᵀA + I of size n, full.
    private func positive(_ n: Int) -> [Double] {
        let raw = (0..<n * n).map { Double(($0 * 7919) % 31) / 15 - 1 }
        return (0..<n * n).map { index in
            let (i, j) = (index / n, index % n)
            return (0..<n).reduce(i == j ? 1 : 0) { $0 + raw[$1 * n + i] * raw[$1 * n + j] }
        }
    }

    @Test(arguments: [1, 2, 7, 33])
    func solves(n: Int) {
        let matrix = positive(n)
        // Above the diagonal stands what must not be read.
        var lower = (0..<n * n).map { $0 % n > $0 / n ? Float.nan : Float(matrix[$0]) }
        var x = (0..<n).map { Float($0) - 2 }
        let isSolved = lower.withUnsafeMutableBufferPointer { lower in
            x.withUnsafeMutableBufferPointer { x in
                guard let l = lower.baseAddress, let x = x.baseAddress else { return false }
                return Blas.solvePositive(MatrixView(l, rows: n, columns: n), x)
            }
        }
        #expect(isSolved)
        for row in 0..<n {
            let product = (0..<n).reduce(0.0) { $0 + matrix[row * n + $1] * Double(x[$1]) }
            #expect(abs(product - (Double(row) - 2)) < 1e-3)
        }
    }

    @Test(arguments: [1, 2, 7, 33])
    func invertsTheFactor(n: Int) {
        let matrix = positive(n)
        var inverse = (0..<n * n).map { $0 % n > $0 / n ? Double.nan : matrix[$0] }
        let isInverted = inverse.withUnsafeMutableBufferPointer { inverse in
            inverse.baseAddress.map { Blas.invertCholeskyFactor(MatrixView($0, rows: n, columns: n)) } ?? false
        }
        #expect(isInverted)
        // C⁻¹ A C⁻ᵀ = I.
        for i in 0..<n {
            for j in 0..<n {
                if j > i { #expect(inverse[i * n + j] == 0) }
                var sum = 0.0
                for k in 0..<n { for l in 0..<n { sum += inverse[i * n + k] * matrix[k * n + l] * inverse[j * n + l] } }
                #expect(abs(sum - (i == j ? 1 : 0)) < 1e-9)
            }
        }
    }

    @Test func refusesWhatIsNotPositive() {
        var matrix: [Float] = [1, 0, 2, 1]
        var vector: [Float] = [1, 1]
        let isSolved = matrix.withUnsafeMutableBufferPointer { matrix in
            vector.withUnsafeMutableBufferPointer { vector in
                guard let m = matrix.baseAddress, let v = vector.baseAddress else { return true }
                return Blas.solvePositive(MatrixView(m, rows: 2, columns: 2), v)
            }
        }
        #expect(!isSolved)
    }

    @Test(arguments: [Orientation.plain, .transposed])
    func accumulatesAGramMatrixBelowTheDiagonal(orientation: Orientation) {
        let (m, n) = (5, 3)
        var a = (0..<m * n).map { Float($0 % 7) - 3 }
        var c = [Float](repeating: 1, count: n * n)
        a.withUnsafeMutableBufferPointer { a in
            c.withUnsafeMutableBufferPointer { c in
                guard let a = a.baseAddress, let c = c.baseAddress else { return }
                let (rows, columns) = orientation == .plain ? (n, m) : (m, n)
                Blas.accumulateGram(
                    orientation, MatrixView(a, rows: rows, columns: columns),
                    intoLower: MatrixView(c, rows: n, columns: n))
            }
        }
        func value(_ i: Int, _ k: Int) -> Float { orientation == .plain ? a[i * m + k] : a[k * n + i] }
        for i in 0..<n {
            for j in 0..<n {
                let sum = (0..<m).reduce(Float(1)) { $0 + value(i, $1) * value(j, $1) }
                #expect(c[i * n + j] == (j <= i ? sum : 1))
            }
        }
    }
}
