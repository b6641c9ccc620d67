import Commerce
import Retrieval
import Streaming

/// Candidates for lists, written briefly.
enum Shelf {
    typealias Candidate = ListComposer.Candidate

    /// An item of this score; new is what has no number.
    static func item(
        _ id: String, _ score: Float, brand: String? = nil, category: [String] = [], isNew: Bool = false
    ) -> Candidate {
        Candidate(
            ScoredItem(item: ItemID(id), score: score, number: isNew ? nil : 1), .init(category: category, brand: brand)
        )
    }

    /// `count` items of falling score, `a0` with `count` points first.
    static func row(_ count: Int, prefix: String = "a", brand: String? = nil, from top: Float? = nil) -> [Candidate] {
        (0..<count).map { item("\(prefix)\($0)", (top ?? Float(count)) - Float($0), brand: brand) }
    }
}

extension ListComposer {
    /// The items of a list as `id` of an ordinary one, `+id` of one for exploration and `!id` of a pinned one.
    func list(
        _ ordinary: [Candidate], pinned: [[Candidate]] = [], exploration: [Candidate] = [],
        vectors: [String: [Float]] = [:]
    ) -> [String] {
        let made = compose(
            .init(.personal, ordinary: .all(ordinary), pinned: pinned, exploration: .all(exploration))
        ) { vectors[$0.rawValue] }
        return made.slots.map { slot in
            let mark =
                switch slot.origin {
                case .pinned: "!"
                case .exploration: "+"
                default: ""
                }
            return mark + slot.found.item.rawValue
        }
    }
}
