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

    /// Which of the last events each of a list's slots is for, 0 being the newest; nil for all where none of them is on an item that
    /// the checkpoint knows.
    ///
    /// - Parameters:
    ///   - last: the rows of the last items, newest first; nil for an item that the checkpoint does not know.
    ///   - index: in which the checkpoint's items have their rows as numbers.
    func reasons(of list: [ListComposer.Slot], ofLast last: [Int?], in index: InvertedIndex) -> [Int?] {
        var reasons = sparse?.reasons(of: list, ofLast: last) ?? [Int?](repeating: nil, count: list.count)
        let ages = last.indices.filter { last[$0] != nil }
        guard !ages.isEmpty else { return reasons }
        let open = reasons.indices.filter { reasons[$0] == nil }
        for slot in open { prefetch(list[slot].found) }
        let vectors = ages.map { last[$0].flatMap { model.trainedOutput($0).baseAddress } }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: vectors.count) { scores in
            for slot in open {
                guard score(list[slot].found, vectors, index, into: scores) else { continue }
                let best = scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
                reasons[slot] = best.map { ages[$0] }
            }
        }
        return reasons
    }

    private func prefetch(_ found: ScoredItem) {
        guard let row = found.number, let vector = model.trainedOutput(Int(row)).baseAddress else { return }
        for line in stride(from: 0, to: model.dimension, by: 16) { Kernels.prefetch(vector + line) }
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
