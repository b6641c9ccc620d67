import Commerce
import Foundation
import LinearAlgebra
import TwoTower

/// Both towers and the loss written down a second time, naively and in double precision: the oracle of forward passes, and
/// the function whose finite differences judge the gradients.
struct ReferenceTower {
    let layout: TowerLayout
    /// Token rows and supplied vectors per item, and whether its embedding takes part.
    var bags: [ItemBag]
    var supplied: [[String: [Float]]]
    var known: [Bool]
    var sequences: PackedSequences
    /// log q per item; nil where all take part.
    var logChances: [Double]?
    /// Dropout's factors, or 1: of the input, and per block of both branches; [positions · d].
    var inputMask: [Double]
    var branchMasks: [(mix: [Double], feed: [Double])]

    private func values(_ p: [Double], _ tensor: Tensor, row: Int = 0) -> ArraySlice<Double> {
        let width = tensor.shape.last ?? 1
        return p[tensor.offset + row * width..<tensor.offset + (row + 1) * width]
    }

    private func product(_ p: [Double], _ weight: Tensor, _ x: [Double]) -> [Double] {
        (0..<weight.shape[0]).map { row in zip(values(p, weight, row: row), x).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    private func norm(_ p: [Double], _ gain: Tensor, _ x: [Double]) -> [Double] {
        let factor = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + 1e-6).squareRoot()
        return zip(x, values(p, gain)).map { $0 * factor * $1 }
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    private func unit(_ x: [Double]) -> [Double] {
        let length = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return x.map { $0 / length }
    }

    func itemVector(_ p: [Double], _ item: Int) -> [Double] {
        let d = layout.shape.dimension
        var sum = known[item] ? Array(values(p, layout.itemEmbedding, row: item)) : [Double](repeating: 0, count: d)
        let tokens = bags[item].fields.reduce(0) { $0 + $1.count }
        for (field, bag) in bags[item].fields.enumerated() {
            for token in bag {
                let gain = p[layout.fieldGain.offset + field]
                for (i, value) in values(p, layout.tokenEmbedding, row: Int(token)).enumerated() {
                    sum[i] += gain * value / Double(tokens)
                }
            }
        }
        for (column, weight) in zip(layout.shape.vectors, layout.projections) {
            guard let vector = supplied[item][column.name], vector.contains(where: { $0 != 0 }) else { continue }
            for (i, value) in product(p, weight, unit(vector.map(Double.init))).enumerated() { sum[i] += value }
        }
        return unit(sum)
    }

    /// The users' vectors before normalisation, one per position.
    func outputs(_ p: [Double]) -> [[Double]] {
        let d = layout.shape.dimension
        var outputs: [[Double]] = []
        for sequence in 0..<sequences.starts.count - 1 {
            var states = [[Double]](repeating: [Double](repeating: 0, count: d), count: layout.blocks.count)
            var inputs: [[Double]] = []
            for position in sequences.starts[sequence]..<sequences.starts[sequence + 1] {
                let item = Int(sequences.items[position])
                let input = item < 0 ? Array(values(p, layout.unknownInput)) : itemVector(p, item)
                let action = values(p, layout.actionEmbedding, row: Int(sequences.actions[position]))
                var x = (0..<d).map { input[$0] * Double(d).squareRoot() + action[action.startIndex + $0] }
                if let rhythm = layout.rhythm {
                    let gap = values(p, rhythm.gaps, row: Int(sequences.gaps[position]))
                    let visit = values(p, rhythm.visits, row: Int(sequences.visits[position]))
                    for i in 0..<d { x[i] += gap[gap.startIndex + i] + visit[visit.startIndex + i] }
                }
                let attributes = sequences.attributeRows[
                    Int(sequences.attributeStarts[position])..<Int(sequences.attributeStarts[position + 1])]
                for row in attributes {
                    for (i, value) in values(p, layout.attributeEmbedding, row: Int(row)).enumerated() {
                        x[i] += value / Double(attributes.count)
                    }
                }
                for i in 0..<d { x[i] *= inputMask[position * d + i] }
                inputs.append(x)
                if layout.shape.userTower == .mean {
                    for i in 0..<d { x[i] = inputs.reduce(0) { $0 + $1[i] } / Double(inputs.count) }
                }
                for (index, block) in layout.blocks.enumerated() {
                    if let recurrence = block.recurrence {
                        let gates = zip(
                            product(p, recurrence.gates, norm(p, recurrence.gateNorm, x)),
                            values(p, recurrence.gatesBias)
                        ).map(+)
                        for i in 0..<d {
                            let forget = sigmoid(gates[i])
                            states[index][i] = forget * states[index][i] + (1 - forget) * gates[d + i]
                        }
                        let gated = (0..<d).map { gates[2 * d + $0] * sigmoid(gates[2 * d + $0]) * states[index][$0] }
                        let mixed = product(p, recurrence.mix, gated)
                        for i in 0..<d { x[i] += mixed[i] * branchMasks[index].mix[position * d + i] }
                    }
                    let up = zip(product(p, block.feedUp, norm(p, block.feedNorm, x)), values(p, block.feedUpBias)).map(
                        +)
                    let down = zip(
                        product(p, block.feedDown, up.map { $0 * sigmoid($0) }), values(p, block.feedDownBias)
                    ).map(+)
                    for i in 0..<d { x[i] += down[i] * branchMasks[index].feed[position * d + i] }
                }
                outputs.append(x)
            }
        }
        return outputs
    }

    /// The mean cross-entropy over all targets.
    func loss(_ p: [Double]) -> Double {
        let outputs = outputs(p)
        let items = (0..<bags.count).map { itemVector(p, $0) }
        let scale = exp(p[layout.logScale.offset])
        var sum = 0.0
        for (position, target) in zip(sequences.targetPositions, sequences.targets) {
            let user = unit(outputs[Int(position)])
            let scores = items.enumerated().map { item, vector in
                scale * zip(user, vector).reduce(0) { $0 + $1.0 * $1.1 }
                    - (item == Int(target) ? 0 : logChances?[item] ?? 0)
            }
            sum += log(scores.reduce(0) { $0 + exp($1) }) - scores[Int(target)]
        }
        return sum / Double(sequences.targets.count)
    }
}

/// A tiny model and some sequences, the same at every call.
struct TinyCase {
    let layout: TowerLayout
    /// By field: title, description, category, brand, price.
    let bags = [
        ItemBag([[0, 1], [], [2], [], []]), ItemBag([[1], [0, 1, 4], [], [], []]), .empty,
        ItemBag([[0], [], [], [3], [4, 5]]), ItemBag([[], [3], [], [], []]), .empty,
    ]
    /// By item.
    let supplied: [[String: [Float]]] = [
        ["image": [0.1, -2, 3e5]], ["text": (0..<18).map { 1 / Float($0 + 1) }],
        ["text": (0..<18).map { Float($0) - 7 }],
        ["image": [1, 0, 0], "text": (0..<18).map { Float($0 * $0 % 5) - 2 }], ["image": [0, 0, 0]], [:],
    ]
    let known = [true, false, true, true, true, true]
    let parameters: FloatBuffer
    var sequences = PackedSequences()

    init(_ userTower: UserTower = .sequential, seed: UInt64 = 3) {
        layout = TowerLayout(
            TowerShape(
                items: 6, tokens: 6, attributes: 3,
                vectors: [VectorColumn(name: "image", width: 3), VectorColumn(name: "text", width: 18)], dimension: 16,
                userTower: userTower, blocks: 2, hidden: 16))
        var generator = SplitMix64(seed: seed)
        parameters = FloatBuffer(count: layout.count)
        for i in 0..<layout.count { parameters.pointer[i] = Float(generator.normal() * 0.4) }
        parameters.pointer[layout.logScale.offset] = 1.5
        sequences.starts = [0, 4, 5, 9]
        sequences.items = [0, 3, -1, 2, 1, 5, 4, 4, 0]
        sequences.actions = [0, 1, 2, 3, 0, 0, 3, 1, 0]
        sequences.gaps = [0, 3, 27, 1, 0, 0, 12, 13, 2]
        sequences.visits = [1, 0, 1, 1, 1, 1, 1, 1, 0]
        sequences.attributeStarts = [0, 1, 1, 3, 6, 6, 6, 7, 7, 9]
        sequences.attributeRows = [0, 1, 2, 0, 1, 2, 2, 0, 2]
        sequences.targetPositions = [0, 1, 3, 4, 6, 8]
        sequences.targets = [3, 2, 1, 5, 0, 2]
    }

    /// The features as training holds them.
    func features() throws -> FeatureBags {
        let records = supplied.map { CatalogueItem(item: ItemID("i"), vectors: $0) }
        return FeatureBags(bags, vectors: try layout.shape.vectors.map { try SuppliedVectors($0, of: records) })
    }

    var doubles: [Double] { parameters.values.map(Double.init) }
}
