import LinearAlgebra
import Retrieval
import TwoTower

/// Says of each slot which of the shopper's last events speaks most for it: "because you viewed X".
///
/// That is the event whose item's neighbourhood gave most of the slot's extra score; where none gave any, the one whose item's
/// vector is most like the slot's, the newest of equal ones.
struct Reasons {
    private let model: Model
    private let sparse: SparseScores?

    init(model: Model, sparse: SparseScores?) {
        self.model = model
        self.sparse = sparse
    }

    /// Which of the last events each slot of some lists is for, 0 being the newest; nil for all of a list where none of them is on an
    /// item that the checkpoint knows.
    ///
    /// - Parameters:
    ///   - lists: of the shoppers whose extra scores were gathered last, in their order.
    ///   - last: of each shopper the rows of the last items, newest first; nil for an item that the checkpoint does not know.
    ///   - index: in which the checkpoint's items have their rows as numbers.
    func reasons(
        of lists: [[ListComposer.Slot]], ofLast last: [[Int?]], in index: InvertedIndex
    ) -> [[Int?]] {
        var reasons = lists.enumerated().map { user, list in
            sparse?.reasons(of: list.map(\.found.number), user: user) ?? [Int?](repeating: nil, count: list.count)
        }
        for (user, list) in lists.enumerated() {
            // Their vectors lie anywhere: those of the next list come while this one is worked on.
            if user + 1 < lists.count { prefetch(lists[user + 1], reasons[user + 1]) }
            fill(&reasons[user], of: list, last[user], index)
        }
        return reasons
    }

    /// Gives slots that have no reason yet the event whose item is most like theirs.
    private func fill(_ reasons: inout [Int?], of list: [ListComposer.Slot], _ last: [Int?], _ index: InvertedIndex) {
        let ages = last.indices.filter { last[$0] != nil }
        guard !ages.isEmpty, reasons.contains(nil) else { return }
        let vectors = ages.map { last[$0].flatMap { model.trainedOutput($0).baseAddress } }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: vectors.count) { scores in
            for slot in list.indices where reasons[slot] == nil {
                guard score(list[slot].found, vectors, index, into: scores) else { continue }
                let best = scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
                reasons[slot] = best.map { ages[$0] }
            }
        }
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
