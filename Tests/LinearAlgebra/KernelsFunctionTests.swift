import Foundation
import LinearAlgebra
import Testing

/// The polynomials against the C library's functions in double, and their limits.
struct KernelsFunctionTests {
    /// A kernel, what it approximates, and its documented bound in units in the last place.
    struct Function: Sendable, CustomTestStringConvertible {
        let name: String
        let kernel: @Sendable (inout MutableSpan<Float>) -> Void
        let reference: @Sendable (Double) -> Double
        let bound: Double
        /// Error allowed where the result is too small for the bound.
        var absolute = 0.0
        let (low, high): (Float, Float)

        var testDescription: String { name }
    }

    static let functions = [
        Function(name: "exp", kernel: { Kernels.exp(&$0) }, reference: { exp($0) }, bound: 2, low: 0, high: .infinity),
        Function(
            name: "sigmoid", kernel: { Kernels.sigmoid(&$0) }, reference: { 1 / (1 + exp(-$0)) }, bound: 3, low: 0,
            high: 1),
        Function(
            name: "silu", kernel: { Kernels.silu(&$0) }, reference: { $0 / (1 + exp(-$0)) }, bound: 4, absolute: 1e-43,
            low: 0, high: .infinity),
    ]

    /// Both signs of magnitudes from 2^-149 to beyond every limit, and a dense grid where the functions bend.
    static let inputs: [Float] = {
        var generator = Generator(state: 7)
        let grid = (-112_000...112_000).map { Float($0) / 1000 }
        return grid + generator.wildFloats(20_000) + [0, -0, 0.625, -0.625, 88.72283, 88.7229, -103.97, -104, 89]
    }()

    static func apply(_ function: Function, _ level: InstructionSet) -> [Float] {
        var y = inputs
        level.whileInForce {
            var span = y.mutableSpan
            function.kernel(&span)
        }
        return y
    }

    @Test(arguments: functions)
    func staysWithinItsBound(function: Function) {
        let y = Self.apply(function, .portable)
        var worst = (error: 0.0, input: Float(0))
        for (x, found) in zip(Self.inputs, y) {
            let exact = function.reference(Double(x))
            let rounded = Float(exact)
            guard rounded.isFinite, found.isFinite else {
                #expect(found == rounded, "\(function.name)(\(x))")
                continue
            }
            let difference = abs(Double(found) - exact)
            if difference <= function.absolute { continue }
            worst = max(worst, (difference / Double(rounded.ulp), x)) { $0.error < $1.error }
        }
        #expect(worst.error <= function.bound, "\(function.name)(\(worst.input))")
    }

    @Test(arguments: functions, InstructionSet.available)
    func levelsAgree(function: Function, level: InstructionSet) {
        #expect(Self.apply(function, level).bits == Self.apply(function, .portable).bits)
    }

    @Test(arguments: functions, InstructionSet.available)
    func limitsAndNaN(function: Function, level: InstructionSet) {
        // 17 elements, so that both the whole vectors and the padded rest are seen.
        for (input, expected) in [(-Float.infinity, function.low), (Float.infinity, function.high), (.nan, .nan)] {
            var y = [Float](repeating: input, count: 17)
            level.whileInForce {
                var span = y.mutableSpan
                function.kernel(&span)
            }
            #expect(y.allSatisfy { expected.isNaN ? $0.isNaN : $0 == expected }, "\(function.name)(\(input)) is \(y)")
        }
    }
}

/// The larger of two by an order.

private func max<T>(_ a: T, _ b: T, _ less: (T, T) -> Bool) -> T { less(a, b) ? b : a }
