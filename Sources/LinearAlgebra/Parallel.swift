import Dispatch

/// Loops over the cores for training and set-up. The work is cut in a fixed number of pieces whatever the machine, so that
/// results do not depend on it; the calling thread takes part.
public enum Parallel {
    /// Pieces of every loop.
    public static let pieces = 2

    /// Runs `body` once per piece 0..<pieces and waits for all.
    public static func pieces(_ body: @Sendable (Int) -> Void) {
        DispatchQueue.concurrentPerform(iterations: pieces, execute: body)
    }

    /// Runs `body` once per piece, with the piece and its range of those that together cover 0..<count.
    public static func ranges(of count: Int, _ body: @Sendable (Int, Range<Int>) -> Void) {
        pieces { piece in body(piece, count * piece / pieces..<count * (piece + 1) / pieces) }
    }
}
