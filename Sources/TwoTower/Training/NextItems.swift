import Commerce

/// Which item the state after an event is to predict: always one that is new to the shopper.
///
/// Where the next event is on a new item, it is that one. Where repeats come first, as in the purchases that end a visit,
/// the very next new item may be a visit away and its place there is chance: the target is then any of the next `horizon`
/// new items, drawn anew each epoch. So the state between visits learns what the next visit brings. (Targets drawn from a
/// window ahead are the "dense all action" objective of PinnerFormer, Pancha et al. 2022, arXiv 2205.04507.)
package struct NextItems: Sendable {
    /// The events on new items, removals from the cart left out, ascending.
    private let targets: [Int]
    /// For each event, how many of `targets` are at or before it.
    private let passed: [Int]
    private let horizon: Int
    private let laterShare: Double

    /// - Parameters:
    ///   - horizon: new items ahead that a target may be drawn from where a repeat comes first; 0 for no target there.
    ///   - laterShare: share of those events that get a target.
    package init(_ histories: Histories, horizon: Int, laterShare: Double) {
        var targets: [Int] = []
        var passed: [Int] = []
        passed.reserveCapacity(histories.eventCount)
        for event in 0..<histories.eventCount {
            if !histories.isRepeat[event] && histories.actions[event] != .cartRemoval { targets.append(event) }
            passed.append(targets.count)
        }
        self.targets = targets
        self.passed = passed
        self.horizon = horizon
        self.laterShare = laterShare
    }

    /// The events that `event` may have as target, in order.
    ///
    /// - Parameter end: the event after the shopper's last one.
    package func candidates(after event: Int, end: Int) -> ArraySlice<Int> {
        guard event + 1 < end else { return [] }
        let first = passed[event]
        let reach = passed[event + 1] > first ? 1 : horizon
        return targets[first..<min(first + reach, passed[end - 1])]
    }

    /// The event that `event` has as target this time, or nil.
    package func target(after event: Int, end: Int, generator: inout SplitMix64) -> Int? {
        let candidates = candidates(after: event, end: end)
        guard let first = candidates.first else { return nil }
        if first == event + 1 { return first }
        return generator.uniform() < laterShare ? candidates.randomElement(using: &generator) : nil
    }
}
