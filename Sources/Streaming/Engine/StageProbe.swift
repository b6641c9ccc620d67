/// Watches a worker: how long each part of a batch takes, and how large batches are.
public struct StageProbe: Sendable {
    /// The timed parts of a batch. `apply` is the stage's work as a whole; a stage may time parts of it.
    public enum Part: String, CaseIterable, Sendable {
        case decode, load, apply, step, search, compose, encode, fence, produce, commit
    }

    private let clock: @Sendable () -> Int64
    private let took: @Sendable (Part, _ nanoseconds: Int64) -> Void
    private let sized: @Sendable (_ records: Int) -> Void

    /// A probe that reads `clock` (nanoseconds, monotonic) around each part.
    public init(
        clock: @escaping @Sendable () -> Int64, took: @escaping @Sendable (Part, Int64) -> Void,
        sized: @escaping @Sendable (Int) -> Void
    ) {
        self.clock = clock
        self.took = took
        self.sized = sized
    }

    /// Measures nothing.
    public static let silent = StageProbe(clock: { 0 }, took: { _, _ in }, sized: { _ in })

    func time<Result, Failure: Error>(_ part: Part, _ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let start = clock()
        let result = try body()
        took(part, clock() &- start)
        return result
    }

    func batch(_ records: Int) { sized(records) }
}
