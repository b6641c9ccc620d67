import Synchronization

/// Names states of what changes: what bears the same stamp has not changed, in whichever copy. No two in a process are equal.
enum Stamp {
    private static let last = Atomic<UInt64>(0)

    static func next() -> UInt64 { last.wrappingAdd(1, ordering: .relaxed).newValue }
}
