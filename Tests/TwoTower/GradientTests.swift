import Foundation
import LinearAlgebra
import Testing
import TwoTower

/// The hand-derived backward pass against finite differences of the reference, for every element of every tensor.
@Suite struct GradientTests {
    struct Variant: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var userTower = UserTower.sequential
        var dropout: Float
        var logChances: [Float]?
    }

    static let variants = [
        Variant(testDescription: "full softmax", dropout: 0, logChances: nil),
        Variant(
            testDescription: "dropout, sampled softmax", dropout: 0.3,
            logChances: [-0.5, -2, .infinity, -0.1, -1, .infinity]),
        Variant(testDescription: "mean tower, dropout", userTower: .mean, dropout: 0.3, logChances: nil),
    ]

    @Test(arguments: variants)
    func everyGradientEqualsFiniteDifferences(variant: Variant) throws {
        let tiny = TinyCase(variant.userTower)
        let layout = tiny.layout
        let d = layout.shape.dimension
        let (pass, loss, gradients) = try Self.descend(tiny, variant)
        func mask(_ buffer: FloatBuffer) -> [Double] {
            buffer.values.prefix(tiny.sequences.positions * d).map(Double.init)
        }
        let reference = ReferenceTower(
            layout: layout, bags: tiny.bags, supplied: tiny.supplied, known: tiny.known, sequences: tiny.sequences,
            logChances: variant.logChances?.map(Double.init), inputMask: mask(pass.inputMask),
            branchMasks: pass.traces.map { (mask($0.mixMask), mask($0.feedMask)) })
        var parameters = tiny.doubles
        // fp32 keeps seven digits; the loss is a sum of some hundred terms near 1.
        #expect(abs(loss - reference.loss(parameters)) < 1e-5)
        for tensor in layout.tensors {
            var (difference, size) = (0.0, 0.0)
            for index in tensor.offset..<tensor.offset + tensor.count {
                let (value, step) = (parameters[index], 1e-5)
                parameters[index] = value + step
                let above = reference.loss(parameters)
                parameters[index] = value - step
                let below = reference.loss(parameters)
                parameters[index] = value
                let expected = (above - below) / (2 * step)
                difference += (Double(gradients[index]) - expected) * (Double(gradients[index]) - expected)
                size += expected * expected
            }
            // The error of a tensor's gradient as a vector, relative to its length: some fp32 roundings deep.
            #expect(size > 0, "no gradient reaches \(tensor.name): the test would not notice its loss")
            #expect(difference.squareRoot() <= 2e-5 * size.squareRoot() + 1e-9, "\(tensor.name)")
        }
    }

    /// One pass forwards and back over the tiny case: the pass, the loss, and the gradients in the layout of the parameters.
    static func descend(_ tiny: TinyCase, _ variant: Variant) throws -> (SequencePass, Double, [Float]) {
        let layout = tiny.layout
        let d = layout.shape.dimension
        let (n, items) = (tiny.sequences.positions, layout.shape.items)
        let itemPass = ItemPass(layout: layout, bags: try tiny.features(), capacity: items)
        itemPass.select((0..<Int32(items)).map { $0 }) { tiny.known[Int($0)] }
        itemPass.forward(0..<items, parameters: tiny.parameters.pointer)
        let pass = SequencePass(layout: layout, capacity: n, dropout: variant.dropout)
        pass.forward(
            tiny.sequences, vectors: itemPass.vectors.pointer, parameters: tiny.parameters.pointer,
            generator: SplitMix64(seed: 9))
        let outputGradient = FloatBuffer(count: n * d)
        let vectorGradient = FloatBuffer(count: items * d)
        let dense = DenseGradients(layout)
        let chances = variant.logChances ?? []
        let result = chances.withUnsafeBufferPointer {
            SoftmaxLoss(dimension: d).accumulate(
                users: MatrixView(pass.output.pointer, rows: n, columns: d), rows: tiny.sequences.targetPositions,
                targets: tiny.sequences.targets, items: MatrixView(itemPass.vectors.pointer, rows: items, columns: d),
                logChances: variant.logChances == nil ? nil : $0,
                logScale: tiny.parameters.pointer[layout.logScale.offset],
                share: 1 / Float(tiny.sequences.targets.count),
                userGradients: MatrixView(outputGradient.pointer, rows: n, columns: d),
                itemGradients: MatrixView(vectorGradient.pointer, rows: items, columns: d))
        }
        dense.pointer(layout.logScale)[0] = Float(result.logScaleGradient)
        pass.backward(
            tiny.sequences, parameters: tiny.parameters.pointer, outputGradient: outputGradient.pointer,
            gradients: dense,
            vectorGradients: vectorGradient.pointer)
        itemPass.backward(
            0..<items, gradient: vectorGradient.pointer, parameters: tiny.parameters.pointer, gradients: dense)
        var gradients = [Float](repeating: 0, count: layout.count)
        for i in 0..<items * d { gradients[layout.itemEmbedding.offset + i] = vectorGradient.pointer[i] }
        for tensor in layout.tensors.dropFirst() {
            for i in 0..<tensor.count { gradients[tensor.offset + i] = dense.pointer(tensor)[i] }
        }
        return (pass, result.loss, gradients)
    }
}
