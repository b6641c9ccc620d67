import Commerce
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

    /// The reasons of a list's slots; nil for all where none of the last events is on an item that the checkpoint knows.
    ///
    /// - Parameters:
    ///   - shopper: the place of `record` among those that the sparse scores were gathered of last.
    ///   - index: in which the checkpoint's items have their rows as numbers.
    func reasons(
        of list: [ListComposer.Slot], for shopper: Int, _ record: ShopperRecord, in index: InvertedIndex
    ) -> [ItemID?] {
        let last = record.entries.suffix(SparseChannel.depth).reversed().filter { model.row(of: $0.item) != nil }
        let vectors = last.map { model.row(of: $0.item).flatMap { model.trainedOutput($0).baseAddress } }
        return list.map { slot in
            if let reason = sparse?.reason(of: slot.found, for: shopper, record) { return reason }
            guard let place = nearest(to: slot.found, vectors, index) else { return nil }
            return last[place].item
        }
    }

    /// Which of some vectors [model.dimension] is most like an item's; nil if there are none.
    private func nearest(
        to found: ScoredItem, _ vectors: [UnsafePointer<Float>?], _ index: InvertedIndex
    ) -> Int? {
        guard !vectors.isEmpty else { return nil }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: vectors.count) { scores in
            guard let target = scores.baseAddress else { return nil }
            func score(_ vector: UnsafeBufferPointer<Float>) {
                guard let vector = vector.baseAddress else { return }
                vectors.withUnsafeBufferPointer {
                    Kernels.dot(vector, rows: $0, width: model.dimension, into: target)
                }
            }
            if let row = found.number {
                score(model.trainedOutput(Int(row)))
            } else {
                guard let vector = index.vector(of: found.item)?.vector else { return nil }
                vector.withUnsafeBufferPointer(score)
            }
            return scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
        }
    }
}
