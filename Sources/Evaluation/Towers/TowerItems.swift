import Commerce
import LinearAlgebra
import TwoTower

/// A log's items as a trained model sees them.
struct TowerItems {
    /// [items, d]: unit vectors at rest, of the embedding and the catalogue's features, whichever there are; else zeros.
    let vectors: FloatBuffer
    /// Whether an item has such a vector.
    let hasVector: [Bool]
    /// [items, d]: what a step takes in of an item: the trained vector, else that of the features, else the unknown item's.
    let inputs: FloatBuffer
    /// Per item its row in the model, or -1 for one that came after training.
    let modelRows: [Int32]
    /// Per row of the model the log's item, or -1.
    let itemRows: [Int32]

    /// - Throws: `EvaluationError` where a supplied vector of the catalogue does not fit the model.
    init(_ model: Model, _ log: EvaluationLog) throws(EvaluationError) {
        let (count, d) = (log.items.count, model.dimension)
        let (vectors, inputs) = (FloatBuffer(count: count * d), FloatBuffer(count: count * d))
        var hasVector = [Bool](repeating: false, count: count)
        var modelRows = [Int32](repeating: -1, count: count)
        var itemRows = [Int32](repeating: -1, count: model.items.count)
        func row(_ buffer: FloatBuffer, _ item: Int) -> UnsafeMutableBufferPointer<Float> {
            UnsafeMutableBufferPointer(start: buffer.pointer + item * d, count: d)
        }
        for (item, id) in log.items.enumerated() {
            let (known, record) = (model.row(of: id), log.record(of: Int32(item)))
            if let known {
                modelRows[item] = Int32(known)
                itemRows[known] = Int32(item)
                _ = row(inputs, item).update(fromContentsOf: model.trainedInput(known))
            }
            if let record {
                do throws(FeatureFault) {
                    hasVector[item] = try model.outputVector(of: record, into: row(vectors, item))
                } catch { throw EvaluationError("the catalogue does not fit the model: \(error)") }
            } else if let known {
                hasVector[item] = true
                _ = row(vectors, item).update(fromContentsOf: model.trainedOutput(known))
            }
            guard known == nil else { continue }
            let input = hasVector[item] ? UnsafeBufferPointer(row(vectors, item)) : model.unknownInput
            _ = row(inputs, item).update(fromContentsOf: input)
        }
        self.vectors = vectors
        self.hasVector = hasVector
        self.inputs = inputs
        self.modelRows = modelRows
        self.itemRows = itemRows
    }

    /// The model's rows of a user's last items before an event of that user, as the sparse channel takes them: newest first, nil for an
    /// item that the model does not know.
    func lastRows(of user: Int32, before position: Int, _ log: EvaluationLog) -> [Int?] {
        log.events(of: user).prefix(position).suffix(SparseChannel.depth).reversed().map { event in
            let row = modelRows[Int(log.item(at: event))]
            return row < 0 ? nil : Int(row)
        }
    }
}
