import Synchronization

/// A count that only grows. Adding is one atomic instruction; any thread may add.
public final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    init() {}

    /// Adds `amount`, which is not negative (a negative one would look like a restart, and is left out).
    public func add(_ amount: Int = 1) {
        guard amount > 0 else { return }
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// The count so far.
    public var value: Int { count.load(ordering: .relaxed) }
}

/// A value that goes up and down. Any thread may set it.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    /// Replaces the value.
    public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// Replaces the value.
    public func set(_ value: Int) { set(Double(value)) }

    /// Adds `amount`, which may be negative.
    public func add(_ amount: Double) {
        var current = bits.load(ordering: .relaxed)
        while true {
            let changed = (Double(bitPattern: current) + amount).bitPattern
            let outcome = bits.weakCompareExchange(expected: current, desired: changed, ordering: .relaxed)
            if outcome.exchanged { return }
            current = outcome.original
        }
    }

    /// The value now.
    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
