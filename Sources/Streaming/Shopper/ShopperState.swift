import LinearAlgebra

/// A tower's state as a record holds it: IEEE 754 halves, 2 bytes a number.
///
/// The step computes in single precision and rounds its result to this, whether or not the record then goes through the store:
/// so a state from the cache and one read back are the same bits, and no list depends on which it was. `docs/model.md` has
/// what the precision was chosen by.
public struct ShopperState: Equatable, Sendable {
    /// [model.stateSize]; empty before the first event.
    public private(set) var values: [Float16]

    /// Of a shopper who has done nothing.
    public static let none = ShopperState(values: [])

    /// A state of these numbers.
    package init(values: [Float16]) { self.values = values }

    /// A state that rounds each number to the nearest half, ties to even; numbers beyond the range become the largest half.
    package init(rounding numbers: UnsafeBufferPointer<Float>) {
        self = .none
        round(numbers)
    }

    /// Becomes the state of these numbers, rounded, in the memory that it has where that is its own.
    mutating func round(_ numbers: UnsafeBufferPointer<Float>) {
        if values.count != numbers.count { values = [Float16](repeating: 0, count: numbers.count) }
        // A NaN stays one, to be refused where it would be searched with.
        values.withUnsafeMutableBufferPointer { halves in
            if let start = halves.baseAddress { Kernels.round(numbers, toHalves: start) }
        }
    }

    /// Writes the state [size] in single precision, which is exact; zeros, the model's initial state, before the first event.
    package func write(to numbers: UnsafeMutablePointer<Float>, size: Int) {
        guard values.count == size else { return numbers.update(repeating: 0, count: size) }
        Kernels.widen(values.span, into: numbers)
    }
}
