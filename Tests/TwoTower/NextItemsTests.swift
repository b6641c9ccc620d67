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

    private func candidates(_ horizon: Int) -> [[Int]] {
        let next = NextItems(Self.histories, horizon: horizon, laterShare: 1)
        return (0..<Self.histories.shopperCount).flatMap { shopper in
            let events = Self.histories.events(of: shopper)
            return events.map { Array(next.candidates(after: $0, end: events.upperBound)) }
        }
    }

    @Test func aNewItemNextIsTheOnlyTargetAndRepeatsLookAhead() {
        #expect(
            candidates(2) == [
                [2, 6], [2], [6, 8], [6, 8], [6, 8], [6], [8], [8], [], [],
                [11], [],
            ])
    }

    @Test func withoutAHorizonOnlyTheNextEventCounts() {
        #expect(candidates(0) == [[], [2], [], [], [], [6], [], [8], [], [], [11], []])
    }

    @Test func drawsReachAllCandidatesInTheWantedShare() {
        let next = NextItems(Self.histories, horizon: 2, laterShare: 0.5)
        var generator = SplitMix64(seed: 3)
        var counts: [Int?: Int] = [:]
        for _ in 0..<4000 { counts[next.target(after: 4, end: 10, generator: &generator), default: 0] += 1 }
        #expect(Set(counts.keys) == [nil, 6, 8])
        // Six standard deviations of a binomial count.
        #expect(abs((counts[nil] ?? 0) - 2000) < 190)
        #expect(abs((counts[6] ?? 0) - 1000) < 165)
        for _ in 0..<100 { #expect(next.target(after: 5, end: 10, generator: &generator) == 6) }
    }
}
