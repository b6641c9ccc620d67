import LinearAlgebra

/// A method under judgement, as the log streams through it.
///
/// `Runner` goes through the log in order. At a query it calls `ask`, then `observe` with the query's own event; when
/// `Runner.batch` queries have gathered, it calls `score` once for all of them, so that a method can use matrix products.
/// Everything that a list depends on must therefore be captured in `ask`: by the time of `score` later events have been
/// observed. A method whose items move keeps, per batch, which item moved after which slot, and mends those scores.
///
/// All calls come from one thread; `score` may use `Parallel` inside.
public protocol Recommender: AnyObject {
    /// Takes in an event. Called for every event that is not withheld, in order of the log, those of training included.
    func observe(_ event: LogEvent, role: Split.Role)

    /// Captures for slot 0 ..< `Runner.batch` all that the query's list depends on. Slots of a batch come in order from 0.
    func ask(_ query: Query, slot: Int)

    /// Scores of the queries asked since the last call: row s of `scores` [slots, items of the log] is slot s's, larger is
    /// better. What the method cannot score gets -infinity. The contents are undefined before.
    func score(into scores: MatrixView<Float>)
}
