import Commerce
import LinearAlgebra
import TwoTower

/// The items of a log as a model sees them: vectors for lists, inputs for steps, rows for the sparse channel.
final class TowerItems {
    /// [items, d]: with the catalogue's features where there are some.
    let vectors: FloatBuffer
    let hasVector: [Bool]
    /// Row in the model, or -1.
    let modelRow: [Int32]
    /// Row in the log of each of the model's items, or -1.
    let logRow: [Int32]
    private let model: Model
    private let inputs: FloatBuffer
    private let hasInput: [Bool]

    /// - Throws: `EvaluationError` where a supplied vector of the catalogue does not fit the model.
    init(_ log: EvaluationLog, _ model: Model) throws(EvaluationError) {
        let (n, d) = (log.items.count, model.dimension)
        self.model = model
        vectors = FloatBuffer(count: n * d)
        inputs = FloatBuffer(count: n * d)
        var hasVector = [Bool](repeating: false, count: n)
        var hasInput = hasVector
        var modelRow = [Int32](repeating: -1, count: n)
        var logRow = [Int32](repeating: -1, count: model.items.count)
        do {
            for item in 0..<n {
                let vector = UnsafeMutableBufferPointer(start: vectors.pointer + item * d, count: d)
                let input = UnsafeMutableBufferPointer(start: inputs.pointer + item * d, count: d)
                let record = log.record(of: Int32(item))
                let row = model.row(of: log.items[item])
                if let row {
                    (modelRow[item], logRow[row]) = (Int32(row), Int32(item))
                    _ = input.update(fromContentsOf: model.trainedInput(row))
                    hasInput[item] = true
                } else if let record {
                    hasInput[item] = try model.featureVector(of: record, into: input)
                }
                if let record {
                    hasVector[item] = try model.outputVector(of: record, into: vector)
                } else if let row {
                    _ = vector.update(fromContentsOf: model.trainedOutput(row))
                    hasVector[item] = true
                }
            }
        } catch { throw EvaluationError("the catalogue does not fit the model: \(error)") }
        (self.hasVector, self.hasInput, self.modelRow, self.logRow) = (hasVector, hasInput, modelRow, logRow)
    }

    /// [d]: the input of a step on the item.
    func input(_ item: Int) -> UnsafePointer<Float>? {
        if hasInput[item] { return UnsafePointer(inputs.pointer + item * model.dimension) }
        return model.unknownInput.baseAddress
    }
}
