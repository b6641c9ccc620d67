import Commerce

/// Which events training keeps back to choose by: settings, number of epochs, the constants of the channels.
public enum ValidationSplit: Codable, Equatable, Sendable {
    /// The latest share of the events, above 0 to 0.5.
    case latest(share: Double)
    /// The events from this time on.
    case from(EventTime)
    /// The last event of each shopper with at least two: the split of leave-one-out evaluations. It says nothing of time, so
    /// that the rule by which items move is not chosen.
    case lastOfEachShopper
    /// None: all epochs are run, with the default constants.
    case none

    /// Whether the held-out events are all later than the others.
    var isByTime: Bool { self != .lastOfEachShopper && self != .none }

    /// Per event of `histories`, whether it is held out; nil if none is.
    func heldOut(of histories: Histories) -> [Bool]? {
        var result = [Bool](repeating: false, count: histories.eventCount)
        switch self {
        case .none:
            return nil
        case .lastOfEachShopper:
            for shopper in 0..<histories.shopperCount {
                let events = histories.events(of: shopper)
                if events.count > 1 { result[events.upperBound - 1] = true }
            }
        case .latest(let share):
            let times = histories.times.sorted()
            guard !times.isEmpty else { return nil }
            let start = times[min(times.count - 1, Int(Double(times.count) * (1 - share)))]
            for event in result.indices { result[event] = histories.times[event] >= start }
        case .from(let start):
            for event in result.indices { result[event] = histories.times[event] >= start.rawValue }
        }
        return result.contains(true) ? result : nil
    }
}
