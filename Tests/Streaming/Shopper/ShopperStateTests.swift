import Streaming
import Testing

@Suite("A state in halves")
struct ShopperStateTests {
    private static func round(_ numbers: [Float]) -> [Float16] {
        numbers.withUnsafeBufferPointer { ShopperState(rounding: $0).values }
    }

    @Test("Every half is read exactly and rounds to itself")
    func exact() {
        let halves = (UInt16.min...UInt16.max).map { Float16(bitPattern: $0) }.filter(\.isFinite)
        var numbers = [Float](repeating: .nan, count: halves.count)
        numbers.withUnsafeMutableBufferPointer {
            guard let start = $0.baseAddress else { return }
            ShopperState(values: halves).write(to: start, size: halves.count)
        }
        // The value by its definition: (-1)^s · 2^(e - 15) · (1 + m / 1024), or 2^-14 · m / 1024 for e = 0.
        for (half, number) in zip(halves, numbers) {
            let (exponent, fraction) = (Int(half.bitPattern >> 10 & 31), Float(half.bitPattern & 1023) / 1024)
            let size =
                exponent == 0
                ? Float(sign: .plus, exponent: -14, significand: 1) * fraction
                : Float(sign: .plus, exponent: exponent - 15, significand: 1) * (1 + fraction)
            #expect(number == (half.bitPattern >> 15 == 0 ? size : -size))
        }
        #expect(Self.round(numbers).map(\.bitPattern) == halves.map(\.bitPattern))
    }

    @Test("Rounding goes to the nearest half, ties to the even one, and never to infinity")
    func nearest() {
        var random = Simulation.Random(state: 9)
        let numbers = (0..<20_000).map { _ in
            Float.random(in: -1...1, using: &random)
                * Float(sign: .plus, exponent: .random(in: -30...17, using: &random), significand: 1)
        }
        for (number, half) in zip(numbers, Self.round(numbers)) {
            let error = (Float(half) - number).magnitude
            for other in [half.nextUp, half.nextDown] where other.isFinite {
                #expect(error <= (Float(other) - number).magnitude, "\(number) became \(half)")
            }
            #expect(half.isFinite)
        }
        let unit = Float(1) / 2048
        #expect(Self.round([1 + unit, 1 + 3 * unit, -1 - unit]) == [1, 1 + 4 * Float16(unit), -1])
        #expect(
            Self.round([65_519, 65_520, 1e30, .infinity, -.infinity]) == [65_504, 65_504, 65_504, 65_504, -65_504])
        #expect(Self.round([.nan])[0].isNaN)
    }

    @Test("Without a state, or with one of another size, the numbers are the initial ones")
    func empty() {
        for state in [ShopperState.none, ShopperState(values: [1, 2])] {
            var numbers: [Float] = [7, 7, 7]
            numbers.withUnsafeMutableBufferPointer { $0.baseAddress.map { state.write(to: $0, size: 3) } }
            #expect(numbers == [0, 0, 0])
        }
    }
}
