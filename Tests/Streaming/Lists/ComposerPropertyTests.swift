import Commerce
import Retrieval
import Streaming
import Testing

/// Random shelves and rules. Vectors have sixteen coordinates of ±1 and scores are eighths, so that every cosine and every
/// sum is exact and equal values are common.
@Suite("Lists of random rules")
struct ComposerPropertyTests {
    typealias Random = Simulation.Random

    struct Case {
        let rules: ListRules
        let size: Int
        let percent: Int
        let candidates: ListComposer.Candidates
        let vectors: [ItemID: [Float]]

        var made: ListComposer.Composition {
            ListComposer(rules: rules, size: size).compose(candidates) { vectors[$0] }
        }

        /// Every item there is, by its id.
        var all: [ItemID: ListComposer.Candidate] {
            let all =
                candidates.ordinary.candidates + candidates.pinned.flatMap { $0 } + candidates.exploration.candidates
            return Dictionary(all.map { ($0.found.item, $0) }) { first, _ in first }
        }
    }

    static func make(_ seed: UInt64) -> Case {
        var random = Random(state: seed)
        let size = Int.random(in: 1...24, using: &random)
        let paths = [[], ["H"], ["H", "K"], ["H", "K", "P"], ["G"], ["G", "T"]]
        var items = (0..<Int.random(in: 0...60, using: &random)).map { number in
            Shelf.item(
                "i\(number)", Float.random(in: 0...64, using: &random).rounded() / 8,
                brand: ["A", "B", "C", nil].randomElement(using: &random) ?? nil,
                category: paths.randomElement(using: &random) ?? [], isNew: Bool.random(using: &random))
        }
        items.sort { ($1.found.score, $0.found.item) < ($0.found.score, $1.found.item) }
        let vectors = items.filter { _ in Int.random(in: 0..<8, using: &random) > 0 }.map { item in
            (item.found.item, (0..<16).map { _ in Bool.random(using: &random) ? Float(1) : -1 })
        }
        let percent = Bool.random(using: &random) ? Int.random(in: 0...50, using: &random) : 0
        let caps: [ListRules.Cap] = [.brand, .category, .categoryLevel(1), .categoryLevel(2)]
            .filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
            .map { .init($0, limit: Int.random(in: 1...6, using: &random)) }
        let ranks = Array(1...size).shuffled(using: &random).prefix(Int.random(in: 0...min(3, size), using: &random))
        let rules = ListRules(
            pins: ranks.map { .init(rank: $0, condition: .all([])) }, caps: caps,
            diversity: [0, 0, 0.25, 0.5, 1].randomElement(using: &random) ?? 0,
            explorationShare: Double(percent) / 100,
            minimumScore: Int.random(in: 0..<3, using: &random) == 0 ? Float.random(in: 0...4, using: &random) : nil)
        let isCut = Bool.random(using: &random)
        return Case(
            rules: rules, size: size, percent: percent,
            candidates: .init(
                Bool.random(using: &random) ? .personal : .trending,
                ordinary: .init(isCut ? Array(items.prefix(40)) : items, isCut: isCut),
                pinned: ranks.map { _ in items.filter { _ in Int.random(in: 0..<10, using: &random) == 0 } },
                exploration: .all(items.filter { $0.found.number == nil })),
            vectors: Dictionary(uniqueKeysWithValues: vectors))
    }

    @Test("They are those of a composer that asks everything anew", arguments: 0..<40 as Range<UInt64>)
    func naive(seed: UInt64) {
        for part in 0..<25 as Range<UInt64> {
            let made = Self.make(seed * 1_000 + part)
            let naive = NaiveComposer(rules: made.rules, size: made.size, percent: made.percent, vectors: made.vectors)
            #expect(made.made.slots == naive.list(made.candidates), "seed \(seed), part \(part)")
        }
    }

    @Test("They keep what the rules promise", arguments: 1_000_000..<1_000_040 as Range<UInt64>)
    func promises(seed: UInt64) {
        for part in 0..<25 as Range<UInt64> {
            let made = Self.make(seed * 1_000 + part)
            let (slots, all) = (made.made.slots, made.all)
            #expect(Set(slots.map(\.found.item)).count == slots.count && slots.count <= made.size)
            let listed = slots.compactMap { all[$0.found.item] }
            let pinned = slots.filter { $0.origin == .pinned }.compactMap { all[$0.found.item] }
            for (slot, candidate) in zip(slots, listed) where slot.origin != .pinned {
                for cap in made.rules.caps {
                    let allowed = max(cap.limit, NaiveComposer.fellows(candidate, cap, among: pinned))
                    #expect(NaiveComposer.fellows(candidate, cap, among: listed) <= allowed)
                }
                #expect(slot.found.score >= made.rules.minimumScore ?? 0)
            }
            if slots.count == made.size {
                for (index, slot) in slots.enumerated() where slot.origin == .pinned {
                    #expect(made.rules.pins.contains { $0.rank == index + 1 })
                }
            }
            if made.rules.caps.isEmpty, made.rules.minimumScore == nil {
                #expect(slots.count >= min(made.size, made.candidates.ordinary.candidates.count))
            }
            if made.rules.isPlain {
                #expect(slots.map(\.found) == made.candidates.ordinary.candidates.prefix(made.size).map(\.found))
            }
        }
    }
}
