import CKernels
import Synchronization

/// A level of vector instructions that the serving kernels can run on, each architecture's weakest first.
///
/// All levels give the same bits; the choice is one of speed, and of tests that compare them.
public enum InstructionSet: Int32, CaseIterable, Sendable {
    /// What every processor of the architecture has: SSE2 with an emulated fused multiply-add, or NEON.
    case portable = 0
    /// AVX2 and FMA.
    case avx2 = 1
    /// AVX-512F.
    case avx512 = 2
    /// AVX-512F, BW and VNNI.
    case vnni = 3
    /// NEON with the dot product of 8-bit numbers, on arm64.
    case dotprod = 4

    /// The levels that this processor can run.
    public static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

    /// The level in force in this process: the strongest available one unless `select` chose another.
    public static var current: InstructionSet { InstructionSet(rawValue: bc_kernels_level()) ?? .portable }

    /// Whether this processor can run the level.
    public var isAvailable: Bool { bc_kernels_available(rawValue) }

    /// Puts the level in force for the whole process; false, and no change, where it is not available.
    @discardableResult public func select() -> Bool { bc_kernels_select(rawValue) }

    /// Runs `body` with the level in force and then puts the previous one back; nil where the level is not available.
    ///
    /// Calls take turns, so that tests and benchmarks running side by side know what they run on.
    package func whileInForce<Result>(_ body: () throws -> Result) rethrows -> Result? {
        try Self.turns.withLock { _ in
            let previous = Self.current
            guard select() else { return nil }
            defer { previous.select() }
            return try body()
        }
    }

    private static let turns = Mutex(())
}
