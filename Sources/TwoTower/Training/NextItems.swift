/// Which item the state after an event is to predict: the next event's, where that is on an item that is new to the shopper
/// and no removal from the cart.
package struct NextItems: Sendable {
    /// For each event, whether it may be a target.
    private let isTarget: [Bool]

    package init(_ histories: Histories) {
        isTarget = (0..<histories.eventCount).map {
            !histories.isRepeat[$0] && histories.actions[$0] != .cartRemoval
        }
    }

    /// The event that `event` has as target, or nil.
    ///
    /// - Parameter end: the event after the shopper's last one.
    package func target(after event: Int, end: Int) -> Int? {
        event + 1 < end && isTarget[event + 1] ? event + 1 : nil
    }
}
