import Commerce
import Retrieval
import Streaming
import Testing

@Suite("Lists made by the rules")
struct ListComposerTests {
    private let personal = Shelf.row(10)
    private let anything = ItemCondition.all([])

    private func pins(_ ranks: Int...) -> [ListRules.Pin] { ranks.map { .init(rank: $0, condition: anything) } }

    @Test("Without rules a list is the best by score")
    func plain() {
        let composer = ListComposer(rules: ListRules(), size: 4)
        #expect(composer.list(personal) == ["a0", "a1", "a2", "a3"])
        #expect(composer.list(Array(personal.prefix(2))) == ["a0", "a1"])
        #expect(composer.list([]) == [] && ListComposer(rules: ListRules(), size: 0).list(personal) == [])
    }

    @Test("A pinned item holds its rank, and is there once")
    func pinned() {
        let composer = ListComposer(rules: ListRules(pins: pins(1, 3)), size: 4)
        #expect(
            composer.list(personal, pinned: [Shelf.row(1, prefix: "p"), [personal[0]]]) == ["!p0", "a1", "!a0", "a2"])
        // Both want the same: the second pin has the next best.
        let same = Shelf.row(3, prefix: "p")
        #expect(composer.list(personal, pinned: [same, same]) == ["!p0", "a0", "!p1", "a1"])
    }

    @Test("A pin that nothing fits leaves its rank to the next personal item")
    func pinWithoutItem() {
        let composer = ListComposer(rules: ListRules(pins: pins(1, 3)), size: 4)
        let one = Shelf.row(1, prefix: "p")
        #expect(composer.list(personal, pinned: [[], one]) == ["a0", "a1", "!p0", "a2"])
        #expect(composer.list(personal, pinned: [one, one]) == ["!p0", "a0", "a1", "a2"])
    }

    @Test("In a list that is too short for its rank, a pinned item moves up")
    func shortListWithPin() {
        let composer = ListComposer(rules: ListRules(pins: pins(4)), size: 4)
        #expect(composer.list(Array(personal.prefix(2)), pinned: [Shelf.row(1, prefix: "p")]) == ["a0", "a1", "!p0"])
    }

    @Test(
        "The kept ranks lie evenly, never first, beside the pins",
        arguments: [
            (20, 0.1, [], [6, 16]), (20, 0.5, [], [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]), (10, 0.1, [], [6]),
            (9, 0.1, [], []),
            (2, 0.5, [], [2]), (1, 0.5, [], []), (20, 0.1, [6], [7, 16]), (4, 0.5, [2, 3, 4], []),
            (100, 0.01, [], [51]),
        ] as [(Int, Double, [Int], [Int])])
    func explorationRanks(size: Int, share: Double, pinned: [Int], ranks: [Int]) {
        let rules = ListRules(pins: pinned.map { .init(rank: $0, condition: anything) }, explorationShare: share)
        #expect(ListComposer(rules: rules, size: size).explorationRanks == ranks)
    }

    @Test("A share whose product is whole is not rounded down", arguments: [0.29, 0.07, 0.14, 0.28])
    func wholeShares(share: Double) {
        let composer = ListComposer(rules: ListRules(explorationShare: share), size: 100)
        #expect(composer.explorationRanks.count == Int((share * 100).rounded()))
    }

    @Test("New items have the kept ranks, personal ones where there are too few")
    func exploration() {
        let composer = ListComposer(rules: ListRules(explorationShare: 0.5), size: 6)
        let new = Shelf.row(3, prefix: "n", from: 2)
        #expect(composer.explorationRanks == [2, 4, 6])
        #expect(composer.list(personal, exploration: new) == ["a0", "+n0", "a1", "+n1", "a2", "+n2"])
        #expect(composer.list(personal, exploration: [new[0]]) == ["a0", "+n0", "a1", "a2", "a3", "a4"])
    }

    @Test("A new item with a high score is there as a personal one, and once")
    func newAndPersonal() {
        let composer = ListComposer(rules: ListRules(explorationShare: 0.34), size: 6)
        let new = [
            Shelf.item("n0", 20, isNew: true), Shelf.item("n1", 1, isNew: true), Shelf.item("n2", 0, isNew: true),
        ]
        #expect(composer.explorationRanks == [3, 5])
        #expect(composer.list([new[0]] + personal, exploration: new) == ["n0", "a0", "+n1", "a1", "+n2", "a2"])
    }

    @Test("Where new items are personal ones already, more of them are asked for")
    func moreNewItems() {
        let composer = ListComposer(rules: ListRules(explorationShare: 0.34), size: 6)
        let new = Shelf.row(4, prefix: "n", from: 20)
        let ordinary = Array(new.prefix(3)) + personal
        var asked: [Int] = []
        let list = composer.compose(
            .init(
                .personal, ordinary: .init(ordinary, isCut: true),
                exploration: .init(Array(new.prefix(composer.explorationDepth)), isCut: true))
        ) { _ in
            nil
        } deeper: { purpose, depth in
            #expect(purpose == .exploration)
            asked.append(depth)
            return Array(new.prefix(depth))
        }
        #expect(composer.explorationRanks == [3, 5] && asked == [8])
        #expect(list.map(\.found.item.rawValue) == ["n0", "n1", "n2", "a0", "n3", "a1"])
    }

    @Test("A cap counts a brand, a whole path or the path cut at a level; what lacks them is free")
    func caps() {
        let items = [
            Shelf.item("a", 9, brand: "A", category: ["H", "K"]),
            Shelf.item("b", 8, brand: "A", category: ["H", "K", "P"]),
            Shelf.item("c", 7, brand: "B", category: ["H", "K"]), Shelf.item("d", 6, category: ["H"]),
            Shelf.item("e", 5),
            Shelf.item("f", 4, brand: "B", category: ["G"]), Shelf.item("g", 3),
        ]
        func list(_ caps: ListRules.Cap...) -> [String] {
            ListComposer(rules: ListRules(caps: caps), size: 7).list(items)
        }
        #expect(list(.init(.brand, limit: 1)) == ["a", "c", "d", "e", "g"])
        #expect(list(.init(.category, limit: 1)) == ["a", "b", "d", "e", "f", "g"])
        #expect(list(.init(.categoryLevel(1), limit: 2)) == ["a", "b", "e", "f", "g"])
        #expect(list(.init(.categoryLevel(2), limit: 1)) == ["a", "d", "e", "f", "g"])
        #expect(list(.init(.brand, limit: 1), .init(.categoryLevel(1), limit: 1)) == ["a", "e", "f", "g"])
    }

    @Test("Caps count pinned items and are no bar to them")
    func capsAndPins() {
        let rules = ListRules(pins: pins(2, 3), caps: [.init(.brand, limit: 1)], explorationShare: 0.2)
        let composer = ListComposer(rules: rules, size: 5)
        let acme = Shelf.row(3, prefix: "p", brand: "Acme")
        let others = [Shelf.item("x", 3, brand: "Acme")] + Shelf.row(5)
        let new = [Shelf.item("n", 2, brand: "Acme"), Shelf.item("m", 1, brand: "Other")]
        #expect(composer.explorationRanks == [5])
        #expect(composer.list(others, pinned: [acme, acme], exploration: new) == ["a0", "!p0", "!p1", "a1", "+m"])
    }

    @Test("A minimum score is one of personal and new items, not of pinned ones")
    func minimumScore() {
        let rules = ListRules(pins: pins(1), explorationShare: 0.5, minimumScore: 8)
        let composer = ListComposer(rules: rules, size: 6)
        let new = [Shelf.item("n0", 8), Shelf.item("n1", 7.5)]
        #expect(
            composer.list(personal, pinned: [[Shelf.item("p", -5)]], exploration: new) == [
                "!p", "+n0", "a0", "a1", "a2",
            ])
    }

    @Test("More is wanted of a short list while there may be more that reach the minimum score")
    func wantsMore() {
        let personal = Shelf.row(4, brand: "A") + Shelf.row(1, prefix: "b", brand: "B", from: 0)
        func wants(_ rules: ListRules, size: Int = 3, isCut: Bool = true) -> Bool {
            ListComposer(rules: rules, size: size)
                .compose(.init(.personal, ordinary: .init(personal, isCut: isCut))) { _ in nil }.wantsMore
        }
        let caps = [ListRules.Cap(.brand, limit: 1)]
        #expect(wants(ListRules(caps: caps)))
        #expect(!wants(ListRules(caps: caps), isCut: false))
        #expect(!wants(ListRules(caps: caps), size: 2))
        #expect(wants(ListRules(caps: caps, minimumScore: 0)))
        #expect(!wants(ListRules(caps: caps, minimumScore: 0.5)))
    }
}
