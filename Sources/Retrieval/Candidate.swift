/// A row that may be in a user's list. Trivial, so that moving it costs no reference counting.
struct Candidate {
    let score: Float
    let slot: Slot
    let prefix: UInt64
}
