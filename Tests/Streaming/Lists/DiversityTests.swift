import Commerce
import Retrieval
import Streaming
import Testing

@Suite("Lists whose items differ")
struct DiversityTests {
    /// Two alike that score best, two of other kinds.
    private let personal = [Shelf.item("a", 10), Shelf.item("b", 9), Shelf.item("c", 6), Shelf.item("d", 0)]
    private let vectors: [String: [Float]] = ["a": [1, 0, 0], "b": [2, 0, 0], "c": [0, 1, 0], "d": [0, 0, -3]]

    private func list(
        _ weight: Float, size: Int = 4, _ vectors: [String: [Float]]? = nil, pinned: [[Shelf.Candidate]] = []
    ) -> [String] {
        let pins = pinned.indices.map { ListRules.Pin(rank: $0 + 1, condition: .all([])) }
        return ListComposer(rules: ListRules(pins: pins, diversity: weight), size: size)
            .list(personal, pinned: pinned, vectors: vectors ?? self.vectors)
    }

    @Test("The weight moves from score to difference")
    func weights() {
        #expect(list(0) == ["a", "b", "c", "d"])
        // b: 0.9 · 0.9 - 0.1 · 1 = 0.71; c: 0.9 · 0.6 = 0.54.
        #expect(list(0.1) == ["a", "b", "c", "d"])
        // b: 0.7 · 0.9 - 0.3 · 1 = 0.33; c: 0.7 · 0.6 = 0.42; then b 0.33, d 0.
        #expect(list(0.3) == ["a", "c", "b", "d"])
        // Difference alone: equal ones by rank.
        #expect(list(1) == ["a", "c", "d", "b"])
    }

    @Test("What is pinned counts among what is in the list, wherever it stands")
    func pinned() {
        let twin = Shelf.item("p", 1)
        #expect(list(0.6, vectors.merging(["p": [5, 0, 0]]) { $1 }, pinned: [[twin]]) == ["!p", "c", "d", "a"])
    }

    @Test("An item without a vector is like nothing, and without any vector the score decides")
    func withoutVectors() {
        #expect(list(0.3, ["a": [1, 0, 0], "c": [1, 0, 0]]) == ["a", "b", "c", "d"])
        #expect(list(1, ["a": [1, 0, 0], "b": [1, 0, 0], "d": [0, 0, 0]]) == ["a", "c", "d", "b"])
        #expect(list(0.9, [:]) == ["a", "b", "c", "d"])
    }

    @Test("A shopper's spread of scores does not change the list")
    func normalisation() {
        let composer = ListComposer(rules: ListRules(diversity: 0.3), size: 4)
        let wide = personal.map { Shelf.item($0.found.item.rawValue, $0.found.score * 64 - 1024) }
        #expect(composer.list(wide, vectors: vectors) == ["a", "c", "b", "d"])
        let equal = personal.map { Shelf.item($0.found.item.rawValue, 3) }
        #expect(composer.list(equal, vectors: vectors) == ["a", "c", "d", "b"])
    }

    @Test("Vectors are asked for only where they count")
    func askedFor() {
        for (weight, isAsked) in [(Float(0), false), (0.5, true)] {
            var asked = false
            let composer = ListComposer(rules: ListRules(diversity: weight, minimumScore: 0), size: 2)
            _ = composer.compose(.init(.personal, ordinary: .all(personal))) { _ in
                asked = true
                return nil
            }
            #expect(asked == isAsked)
        }
    }
}
