import Commerce
import Testing
import TwoTower

/// The rule that gives an event its target, on two visits of one shopper followed by another shopper.
@Suite struct NextItemsTests {
    /// Events 0 to 9 of the first shopper, 10 and 11 of the second.
    private static let histories: Histories = {
        var log = TrainingLog()
        let visits: [(String, String, Action)] = [
            ("ann", "a", .browse), ("ann", "a", .cart), ("ann", "b", .browse), ("ann", "x", .cartRemoval),
            ("ann", "a", .purchase), ("ann", "b", .purchase),
            ("ann", "c", .browse), ("ann", "c", .purchase), ("ann", "d", .purchase), ("ann", "a", .purchase),
            ("bob", "e", .browse), ("bob", "f", .browse),
        ]
        for (index, (shopper, item, action)) in visits.enumerated() {
            log.append(
                shopper: .known(shopper), item: ItemID(item), action: action,
                time: EventTime(milliseconds: Int64(index)))
        }
        return Histories(log)
    }()

    @Test func theNextEventIsTheTargetWhereItIsOnANewItem() {
        let next = NextItems(Self.histories)
        let targets = (0..<Self.histories.shopperCount).flatMap { shopper in
            let events = Self.histories.events(of: shopper)
            return events.map { next.target(after: $0, end: events.upperBound) }
        }
        #expect(targets == [nil, 2, nil, nil, nil, 6, nil, 8, nil, nil, 11, nil])
    }
}
