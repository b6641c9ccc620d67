import LinearAlgebra
import Testing

/// Against the standard library's conversions.
@Suite struct KernelsHalfTests {
    @Test(arguments: InstructionSet.available)
    func everyHalfIsWidenedExactly(level: InstructionSet) {
        let halves = (0...UInt16.max).map { Float16(bitPattern: $0) }
        let numbers = Self.widen(halves, level)
        for (half, number) in zip(halves, numbers) {
            #expect(half.isNaN ? number.isNaN : number.bitPattern == Float(half).bitPattern)
        }
    }

    @Test(arguments: InstructionSet.available)
    func numbersAreRoundedToTheNearestHalf(level: InstructionSet) {
        var numbers: [Float] = [
            .infinity, -.infinity, .nan, 65504, 65519.9, 65520, 1e30, -1e30, .leastNonzeroMagnitude,
        ]
        // Halves, the middles between them, and what is next to both.
        for bits in stride(from: UInt16(0), to: 0x7bff, by: 3) {
            let half = Float(Float16(bitPattern: bits))
            let middle = (half + Float(Float16(bitPattern: bits + 1))) / 2
            for number in [half, middle] {
                numbers += [number, -number, number.nextUp, -number.nextUp, number.nextDown]
            }
        }
        var generator = Generator(state: 3)
        for _ in 0..<10_000 {
            numbers.append(Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator)))
        }
        let largest = Float(Float16.greatestFiniteMagnitude)
        for (number, half) in zip(numbers, Self.round(numbers, level)) {
            let wanted = Float16(min(max(number, -largest), largest))
            #expect(number.isNaN ? half.isNaN : half.bitPattern == wanted.bitPattern, "\(number)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func everyLengthIsWrittenToItsEnd(level: InstructionSet) {
        for count in 0...70 {
            let numbers = (0..<count).map { Float($0) - 20.5 }
            let halves = Self.round(numbers, level)
            #expect(halves == numbers.map { Float16($0) } && Self.widen(halves, level) == numbers)
        }
    }

    private static func widen(_ halves: [Float16], _ level: InstructionSet) -> [Float] {
        [Float](unsafeUninitializedCapacity: halves.count) { numbers, count in
            if let start = numbers.baseAddress { level.whileInForce { Kernels.widen(halves.span, into: start) } }
            count = halves.count
        }
    }

    private static func round(_ numbers: [Float], _ level: InstructionSet) -> [Float16] {
        numbers.withUnsafeBufferPointer { numbers in
            [Float16](unsafeUninitializedCapacity: numbers.count) { halves, count in
                if let start = halves.baseAddress { level.whileInForce { Kernels.round(numbers, toHalves: start) } }
                count = numbers.count
            }
        }
    }
}
