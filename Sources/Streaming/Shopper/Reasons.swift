import LinearAlgebra
import Retrieval
import TwoTower

/// Says of each slot which of the shopper's last events speaks most for it: "because you viewed X".
///
/// That is the event whose item's neighbourhood gave most of the slot's extra score; where none gave any, the one whose item's
/// vector is most like the slot's, the newest of equal ones. An item is its own reason only where there is no other.
struct Reasons {
    private let model: Model
    private let sparse: SparseScores?

    init(model: Model, sparse: SparseScores?) {
        self.model = model
        self.sparse = sparse
    }

    /// Which of the last events each slot of some lists is for, 0 being the newest; nil for all of a list where none of them is on an
    /// item that has a vector.
    ///
    /// - Parameters:
    ///   - lists: of the shoppers whose extra scores were gathered last, in their order.
    ///   - last: of each shopper the rows of the last items, newest first; nil for an item that the checkpoint does not know.
    ///   - histories: of each shopper the entries that these items are the last of, newest last.
    ///   - index: in which the checkpoint's items have their rows as numbers.
    func reasons(
        of lists: [[ListComposer.Slot]], ofLast last: [[Int?]], histories: [[ShopperRecord.Entry]],
        in index: InvertedIndex
    ) -> [[Int?]] {
        var reasons = lists.enumerated().map { user, list in
            sparse?.reasons(of: list.map(\.found.number), user: user) ?? [Int?](repeating: nil, count: list.count)
        }
        for (user, list) in lists.enumerated() {
            // Their vectors lie anywhere: those of the next list come while this one is worked on.
            if user + 1 < lists.count { prefetch(lists[user + 1], reasons[user + 1]) }
            fill(&reasons[user], of: list, last[user], histories[user], index)
        }
        return reasons
    }

    /// The last events of a shopper that are on items with vectors.
    private struct Witnesses {
        /// Of each, how many events came after it.
        let ages: [Int]
        private let last: [Int?]
        private let history: [ShopperRecord.Entry]

        init(_ last: [Int?], _ history: [ShopperRecord.Entry], dimension: Int) {
            ages = last.indices.filter { age in
                last[age] != nil || history[history.count - 1 - age].vector?.count == dimension
            }
            (self.last, self.history) = (last, history)
        }

        /// The row in the model of the item of one of them.
        func row(_ place: Int) -> Int? { last[ages[place]] }

        func entry(_ place: Int) -> ShopperRecord.Entry { history[history.count - 1 - ages[place]] }

        func isOn(_ found: ScoredItem, _ place: Int) -> Bool {
            if let row = row(place) { return found.number.map(Int.init) == row }
            return entry(place).item == found.item
        }
    }

    /// Gives slots that have no reason yet the event whose item is most like theirs.
    private func fill(
        _ reasons: inout [Int?], of list: [ListComposer.Slot], _ last: [Int?], _ history: [ShopperRecord.Entry],
        _ index: InvertedIndex
    ) {
        let witnesses = Witnesses(last, history, dimension: model.dimension)
        guard !witnesses.ages.isEmpty, reasons.contains(nil) else { return }
        let places = witnesses.ages.indices
        let frozen = places.flatMap { witnesses.row($0) == nil ? witnesses.entry($0).vector ?? [] : [] }
        frozen.withUnsafeBufferPointer { frozen in
            var next = frozen.baseAddress
            let vectors = places.map { place -> UnsafePointer<Float>? in
                if let row = witnesses.row(place) { return model.trainedOutput(row).baseAddress }
                defer { next = next.map { $0 + model.dimension } }
                return next
            }
            for slot in list.indices where reasons[slot] == nil {
                reasons[slot] = likest(list[slot].found, witnesses, vectors, index)
            }
        }
    }

    /// The age of the event whose item's vector is most like that of an item.
    private func likest(
        _ found: ScoredItem, _ witnesses: Witnesses, _ vectors: [UnsafePointer<Float>?], _ index: InvertedIndex
    ) -> Int? {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: vectors.count) { scores in
            guard score(found, vectors, index, into: scores) else { return nil }
            return Self.most(of: scores) { !witnesses.isOn(found, $0) }.map { witnesses.ages[$0] }
        }
    }

    /// The place of the largest score, the first of equal ones: of those preferred, or of all where there are none.
    private static func most(of scores: UnsafeMutableBufferPointer<Float>, where isPreferred: (Int) -> Bool) -> Int? {
        var best: (place: Int, score: Float, isPreferred: Bool)?
        for (place, score) in scores.enumerated() {
            let isPreferred = isPreferred(place)
            if let best, best.isPreferred != isPreferred ? best.isPreferred : best.score >= score { continue }
            best = (place, score, isPreferred)
        }
        return best?.place
    }

    private func prefetch(_ list: [ListComposer.Slot], _ reasons: [Int?]) {
        for slot in list.indices where reasons[slot] == nil {
            guard let row = list[slot].found.number, let vector = model.trainedOutput(Int(row)).baseAddress else {
                continue
            }
            Kernels.prefetch(vector, count: model.dimension)
        }
    }

    /// The dot products of an item's vector with some others [model.dimension]; false where it has none.
    private func score(
        _ found: ScoredItem, _ vectors: [UnsafePointer<Float>?], _ index: InvertedIndex,
        into scores: UnsafeMutableBufferPointer<Float>
    ) -> Bool {
        func score(_ vector: UnsafeBufferPointer<Float>) -> Bool {
            guard let vector = vector.baseAddress, let target = scores.baseAddress else { return false }
            vectors.withUnsafeBufferPointer { Kernels.dot(vector, rows: $0, width: model.dimension, into: target) }
            return true
        }
        if let row = found.number { return score(model.trainedOutput(Int(row))) }
        return index.vector(of: found.item)?.vector.withUnsafeBufferPointer(score) ?? false
    }
}
