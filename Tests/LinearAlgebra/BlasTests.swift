import LinearAlgebra
import Testing

/// OpenBLAS and LAPACK behind our types, against naive loops.
@Suite struct BlasTests {
    private func numbers(_ count: Int, seed: UInt64) -> [Double] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / Double(1 << 23) - 1
        }
    }

    @Test(arguments: [
        (Orientation.plain, Orientation.plain), (.transposed, .plain), (.plain, .transposed),
        (.transposed, .transposed),
    ])
    func productsEqualTheNaiveLoop(orientations: (Orientation, Orientation)) {
        let (m, n, k) = (5, 7, 3)
        var a = numbers(m * k, seed: 1).map(Float.init)
        var b = numbers(k * n, seed: 2).map(Float.init)
        var c = numbers(m * n, seed: 3).map(Float.init)
        var expected = c
        for i in 0..<m {
            for j in 0..<n {
                for l in 0..<k {
                    let left = orientations.0 == .plain ? a[i * k + l] : a[l * m + i]
                    let right = orientations.1 == .plain ? b[l * n + j] : b[j * k + l]
                    expected[i * n + j] += 2 * left * right
                }
            }
        }
        let (rowsA, columnsA) = orientations.0 == .plain ? (m, k) : (k, m)
        let (rowsB, columnsB) = orientations.1 == .plain ? (k, n) : (n, k)
        a.withUnsafeMutableBufferPointer { a in
            b.withUnsafeMutableBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
                    Blas.multiply(
                        MatrixView(a, rows: rowsA, columns: columnsA), orientations.0,
                        MatrixView(b, rows: rowsB, columns: columnsB),
                        orientations.1, into: MatrixView(c, rows: m, columns: n), scale: 2, accumulate: true)
                }
            }
        }
        for (value, reference) in zip(c, expected) { #expect(abs(value - reference) < 1e-5) }
    }

    @Test func eigenpairsOfASymmetricMatrix() throws {
        let n = 6
        let raw = numbers(n * n, seed: 4)
        let symmetric = (0..<n * n).map { raw[$0] + raw[$0 % n * n + $0 / n] }
        var vectors = symmetric
        let values = try #require(
            vectors.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { Blas.symmetricEigenvalues(MatrixView($0, rows: n, columns: n)) }
            })
        #expect(values == values.sorted())
        for pair in 0..<n {
            for row in 0..<n {
                let product = (0..<n).reduce(0.0) { $0 + symmetric[row * n + $1] * vectors[pair * n + $1] }
                #expect(abs(product - values[pair] * vectors[pair * n + row]) < 1e-12)
            }
        }
    }

    @Test func leadingEigenpairsRebuildAMatrixOfLowRank() throws {
        // M = Σ λ x xᵀ of three vectors, as a sparse matrix that happens to be full.
        let n = 40
        let vectors = (0..<3).map { numbers(n, seed: UInt64(10 + $0)) }
        let weights = [5.0, 2.0, 0.5]
        let dense = (0..<n * n).map { index in
            (0..<3).reduce(0.0) { $0 + weights[$1] * vectors[$1][index / n] * vectors[$1][index % n] }
        }
        let sparse = SparseRows(
            starts: (0...n).map { $0 * n }, columns: (0..<n * n).map { Int32($0 % n) }, values: dense.map(Float.init))
        var start = numbers(n * 19, seed: 7).makeIterator()
        let factors = try #require(
            LeadingEigenpairs.scaledVectors(of: sparse, count: 5, oversampling: 4, start: { start.next() ?? 0.5 }))
        for row in 0..<n {
            for column in 0..<n {
                let rebuilt = (0..<5).reduce(Float(0)) { $0 + factors[row * 5 + $1] * factors[column * 5 + $1] }
                #expect(abs(Double(rebuilt) - dense[row * n + column]) < 1e-4)
            }
        }
    }

    @Test func piecesCoverARangeOnce() {
        for count in [0, 1, 2, 3, 101] {
            let marks = FloatBuffer(count: count)
            Parallel.ranges(of: count) { _, range in for i in range { marks.pointer[i] += 1 } }
            #expect(marks.values.allSatisfy { $0 == 1 })
        }
    }

    @Test func floatBuffersAreAlignedAndZero() {
        for count in [-1, 0, 5, 1000] {
            let buffer = FloatBuffer(count: count)
            #expect(
                UInt(bitPattern: buffer.pointer) % 64 == 0 && buffer.values.allSatisfy { $0 == 0 }
                    && buffer.count == max(0, count))
        }
    }
}
