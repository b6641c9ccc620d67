import LinearAlgebra
import Testing

/// Kernels that are a fixed sequence of IEEE operations: equal to the oracle bit for bit at every level.
struct KernelsExactTests {
    @Test(arguments: InstructionSet.allCases)
    func levelIsInForceOrRefused(level: InstructionSet) {
        let inForce = level.whileInForce { InstructionSet.current }
        #expect(inForce == (level.isAvailable ? level : nil))
        #expect(InstructionSet.portable.isAvailable)
    }

    @Test(arguments: InstructionSet.available)
    func affineEqualsOracle(level: InstructionSet) {
        var generator = Generator(state: 1)
        for (rows, inputs, outputs) in [(1, 1, 16), (3, 5, 48), (4, 64, 64), (9, 33, 208), (7, 0, 16), (0, 4, 32)] {
            let x = generator.floats(rows * inputs)
            let w = generator.floats(inputs * outputs)
            let bias = generator.floats(outputs)
            let held = generator.floats(rows * outputs)
            var y = [Float](repeating: .nan, count: rows * outputs)
            var sum = held
            level.whileInForce {
                var out = y.mutableSpan
                var total = sum.mutableSpan
                Kernels.affine(
                    x.span, weights: w.span, bias: bias.span, rows: rows, inputs: inputs, outputs: outputs, into: &out)
                Kernels.accumulate(
                    x.span, weights: w.span, rows: rows, inputs: inputs, outputs: outputs, into: &total)
            }
            let biases = (0..<rows).flatMap { _ in bias }
            #expect(y.bits == Oracle.affine(x, w, start: biases, rows: rows, inputs: inputs, outputs: outputs).bits)
            #expect(sum.bits == Oracle.affine(x, w, start: held, rows: rows, inputs: inputs, outputs: outputs).bits)
        }
    }

    /// One fused multiply-add each, where an emulated one could round twice.
    @Test(arguments: InstructionSet.available)
    func fusedMultiplyAddRoundsOnce(level: InstructionSet) {
        var generator = Generator(state: 2)
        for round in 0..<20_000 {
            // Any magnitude, overflow and subnormal numbers included; 16 products of one factor.
            var a = generator.wildFloats(1)[0]
            var b = generator.wildFloats(16)
            var c = generator.wildFloats(16)
            switch round % 4 {
            case 1:  // the sum nearly cancels
                c = b.map { $0 * a }.map { $0.isFinite ? -$0.nextUp : 0 }
            case 2:  // the result is subnormal
                a = Float(sign: .minus, exponent: -70, significand: Float.random(in: 1..<2, using: &generator))
                b = generator.floats(16, in: 0x1p-73...0x1p-72)
                c = generator.floats(16, in: -0x1p-140...0x1p-140)
            case 3:  // the sum is within a rounding of double from the middle between two floats
                a = Float.random(in: 1..<2, using: &generator)
                b = [Float](repeating: 0x1p-24 / a, count: 16)
                c = generator.floats(16, in: 1...2)
            default: break
            }
            var y = c
            level.whileInForce {
                var out = y.mutableSpan
                Kernels.accumulate([a].span, weights: b.span, rows: 1, inputs: 1, outputs: 16, into: &out)
            }
            #expect(y.bits == zip(b, c).map { $1.addingProduct(a, $0) }.bits, "\(a) by \(b) plus \(c)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func dotAndTilesEqualOracle(level: InstructionSet) {
        var generator = Generator(state: 3)
        for (users, items, width) in [(1, 16, 16), (2, 16, 64), (7, 48, 80), (5, 160, 32)] {
            let queries = generator.floats(users * width)
            let rows = generator.floats(items * width)
            var tiles = AlignedBuffer(count: items * width)
            let stride = items + 3
            var scores = [Float](repeating: .nan, count: users * stride)
            var dots = scores
            var arranged = queries
            for i in 0..<width {
                let position = Kernels.tilePosition(of: i, width: width)
                for u in 0..<users { arranged[u * width + position] = queries[u * width + i] }
                for j in 0..<items {
                    tiles.mutableValues[(j / 16 * width + position) * 16 + j % 16] = rows[j * width + i]
                }
            }
            level.whileInForce {
                arranged.withUnsafeBufferPointer { queries in
                    scores.withUnsafeMutableBufferPointer {
                        Kernels.scoreTiles(tiles.values, queries: queries, width: width, into: $0, stride: stride)
                    }
                }
                for u in 0..<users {
                    for j in 0..<items {
                        dots[u * stride + j] = Kernels.dot(
                            queries.span.extracting(u * width..<(u + 1) * width),
                            rows.span.extracting(j * width..<(j + 1) * width))
                    }
                }
            }
            for u in 0..<users {
                for j in 0..<items {
                    let expected = Oracle.dot(
                        Array(queries[u * width..<(u + 1) * width]), Array(rows[j * width..<(j + 1) * width]))
                    #expect(scores[u * stride + j].bitPattern == expected.bitPattern)
                    #expect(dots[u * stride + j].bitPattern == expected.bitPattern)
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func normalisationsEqualOracle(level: InstructionSet) {
        var generator = Generator(state: 4)
        let (rows, width) = (5, 48)
        var x = generator.floats(rows * width)
        for i in 0..<width { x[i] = 0 }
        let gain = generator.floats(width)
        var rms = x
        var unit = x
        level.whileInForce {
            var first = rms.mutableSpan
            var second = unit.mutableSpan
            Kernels.rmsNormalise(&first, gain: gain.span, epsilon: 1e-6)
            Kernels.l2Normalise(&second, width: width)
        }
        for r in 0..<rows {
            let row = Array(x[r * width..<(r + 1) * width])
            let square = Oracle.dot(row, row)
            let scale = 1 / (square / Float(width) + 1e-6).squareRoot()
            #expect(Array(rms[r * width..<(r + 1) * width]).bits == zip(row, gain).map { $0 * scale * $1 }.bits)
            let inverse = 1 / max(square.squareRoot(), 1e-12)
            #expect(Array(unit[r * width..<(r + 1) * width]).bits == row.map { $0 * inverse }.bits)
        }
        #expect(unit[..<width].allSatisfy { $0 == 0 })
        let squares: Float = unit.reduce(0) { $0 + $1 * $1 }
        #expect(abs(squares - Float(rows - 1)) < 1e-4)
    }

    @Test(arguments: InstructionSet.available)
    func elementwiseArithmeticEqualsOracle(level: InstructionSet) {
        var generator = Generator(state: 5)
        for count in [0, 1, 15, 16, 77] {
            let h = generator.floats(count)
            let f = generator.floats(count, in: 0...1)
            let c = generator.floats(count)
            var state = h
            var product = h
            var sum = h
            level.whileInForce {
                var first = state.mutableSpan
                var second = product.mutableSpan
                var third = sum.mutableSpan
                Kernels.gatedUpdate(&first, keep: f.span, candidate: c.span)
                Kernels.multiply(&second, by: c.span)
                Kernels.add(&third, c.span)
            }
            #expect(state.bits == h.indices.map { ((1 - f[$0]) * c[$0]).addingProduct(f[$0], h[$0]) }.bits)
            #expect(product.bits == zip(h, c).map { $0 * $1 }.bits)
            #expect(sum.bits == zip(h, c).map { $0 + $1 }.bits)
        }
    }

    @Test(arguments: InstructionSet.available)
    func selectionEqualsFilter(level: InstructionSet) {
        var generator = Generator(state: 6)
        let bands: [(count: Int, least: Float, below: Float)] = [
            (0, 0, .infinity), (5, 0, .infinity), (16, 9, .infinity), (333, 1.99, .infinity), (1024, 0, .infinity),
            (64, -.infinity, .infinity), (1024, -1, 1), (77, 0.5, 0.5), (48, -.infinity, 0), (333, 1, -1),
        ]
        for (count, least, below) in bands {
            var scores = generator.floats(count)
            if count > 4 {
                (scores[0], scores[1], scores[2], scores[3], scores[4]) = (.infinity, .nan, below, -.infinity, least)
            }
            var indices = [UInt32](repeating: .max, count: count)
            let found = level.whileInForce {
                scores.withUnsafeBufferPointer { scores in
                    indices.withUnsafeMutableBufferPointer {
                        Kernels.select(from: least, below: below, of: scores, numberedFrom: 40, into: $0)
                    }
                }
            }
            let wanted = scores.indices.filter { scores[$0] >= least && (scores[$0] < below || below == .infinity) }
            #expect(indices.prefix(found ?? -1).map(Int.init) == wanted.map { $0 + 40 })
        }
    }

    @Test(arguments: InstructionSet.available)
    func theLastPlaceOfANumberIsFound(level: InstructionSet) {
        var generator = Generator(state: 61)
        for count in [0, 1, 15, 16, 17, 150, 641] {
            let values = (0..<count).map { _ in Int32.random(in: -2...60, using: &generator) }
            for wanted in [-2, -1, 0, 7, 60, 61, .max, .min] as [Int32] {
                let found = level.whileInForce { values.withUnsafeBufferPointer { Kernels.last(wanted, in: $0) } }
                #expect(found == .some(values.lastIndex(of: wanted)))
            }
        }
    }
}
