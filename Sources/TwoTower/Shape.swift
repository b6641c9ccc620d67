import Commerce
import LinearAlgebra

/// How the user tower makes a state of a shopper's events.
public enum UserTower: String, Codable, CaseIterable, Sendable {
    /// Gated recurrences: what came when matters.
    case sequential
    /// The running mean of all inputs: the same in whatever order they came. What a plain two-tower model does, to compare with.
    case mean
}

/// The sizes of a two-tower model: everything that fixes the shape of its tensors.
public struct TowerShape: Codable, Equatable, Sendable {
    /// Items that have an embedding of their own.
    public var items: Int
    /// Feature tokens (words, categories, brands, price bands) that have an embedding.
    public var tokens: Int
    /// User attributes (`country=nl`) that have an embedding.
    public var attributes: Int
    /// The columns of supplied vectors that have a projection, in the order of their tensors.
    public var vectors: [VectorColumn]
    /// d: the length of item and user vectors; a multiple of 16, so that vector kernels have no tail.
    public var dimension: Int
    /// What moves a shopper's state.
    public var userTower: UserTower
    /// Blocks on top of one another: a gated recurrence (of the sequential tower alone) and a feed-forward part each.
    public var blocks: Int
    /// Width of each block's feed-forward part; a multiple of 16.
    public var hidden: Int

    public init(
        items: Int, tokens: Int, attributes: Int = 0, vectors: [VectorColumn] = [], dimension: Int,
        userTower: UserTower = .sequential, blocks: Int, hidden: Int
    ) {
        self.items = items
        self.tokens = tokens
        self.attributes = attributes
        self.vectors = vectors
        self.dimension = dimension
        self.userTower = userTower
        self.blocks = blocks
        self.hidden = hidden
    }

    /// Floats of a shopper's state: its memory (each block's recurrence; or the mean), then the last output of the top
    /// block, then, of the mean tower, the number of events.
    public var stateSize: Int {
        switch userTower {
        case .sequential: outputOffset + dimension
        case .mean: outputOffset + dimension + 1
        }
    }

    /// Where in a state the last output of the top block lies.
    package var outputOffset: Int {
        switch userTower {
        case .sequential: blocks * dimension
        case .mean: dimension
        }
    }

    /// What is wrong with these sizes, or nil. Upper bounds keep products far from overflow for sizes read from a file.
    public var fault: String? {
        func multiple(_ value: Int, of step: Int, upTo limit: Int) -> Bool {
            value >= step && value <= limit && value % step == 0
        }
        if !(1...50_000_000).contains(items) { return "items is \(items), must be 1 to 50000000" }
        if !(0...10_000_000).contains(tokens) { return "tokens is \(tokens), must be 0 to 10000000" }
        if !(0...10_000_000).contains(attributes) { return "attributes is \(attributes), must be 0 to 10000000" }
        if let fault = VectorColumn.fault(of: vectors) { return fault }
        if !multiple(dimension, of: 16, upTo: 1024) {
            return "dimension is \(dimension), must be a multiple of 16 up to 1024"
        }
        if !(1...16).contains(blocks) { return "blocks is \(blocks), must be 1 to 16" }
        if !multiple(hidden, of: 16, upTo: 8192) { return "hidden is \(hidden), must be a multiple of 16 up to 8192" }
        return nil
    }
}

extension TowerShape {
    /// Sizes as a file gives them; without a word about the user tower it is the sequential one.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            items: try container.decode(Int.self, forKey: .items),
            tokens: try container.decode(Int.self, forKey: .tokens),
            attributes: try container.decode(Int.self, forKey: .attributes),
            vectors: try container.decode([VectorColumn].self, forKey: .vectors),
            dimension: try container.decode(Int.self, forKey: .dimension),
            userTower: try container.decodeIfPresent(UserTower.self, forKey: .userTower) ?? .sequential,
            blocks: try container.decode(Int.self, forKey: .blocks),
            hidden: try container.decode(Int.self, forKey: .hidden))
    }
}

/// Where a tensor lies in the flat memory of all parameters.
package struct Tensor: Equatable, Sendable {
    package let name: String
    /// Rows and columns as in PyTorch: a weight is [outputs, inputs].
    package let shape: [Int]
    /// Of the first float, in floats from the memory's start.
    package let offset: Int

    package var count: Int { shape.reduce(1, *) }

    /// Rows of a weight [rows, columns] as the kernels take them, [columns, rows]; all rows from `first` if no number is given.
    func transposed(in parameters: FloatBuffer, from first: Int = 0, rows: Int? = nil) -> FloatBuffer {
        let columns = shape[1]
        let rows = rows ?? shape[0]
        let result = FloatBuffer(count: rows * columns)
        let source = parameters.pointer + offset + first * columns
        for row in 0..<rows {
            for column in 0..<columns { result.pointer[column * rows + row] = source[row * columns + column] }
        }
        return result
    }
}

/// The tensors of a block's gated recurrence.
package struct RecurrenceTensors: Equatable, Sendable {
    /// [d]: gain of the norm before the gates.
    package let gateNorm: Tensor
    /// [3d, d] and [3d]: forget gate, candidate and output gate, in this order.
    package let gates: Tensor
    package let gatesBias: Tensor
    /// [d, d]: from the gated recurrence back to the residual stream.
    package let mix: Tensor
}

/// What the sequential tower knows of time beside the order of events.
package struct RhythmTensors: Equatable, Sendable {
    /// [GapBucket.count, d]
    package let gaps: Tensor
    /// [2, d]: an event within a visit, and one that begins a visit.
    package let visits: Tensor
}

/// The tensors of one block.
package struct BlockTensors: Equatable, Sendable {
    /// Of the sequential tower alone.
    package let recurrence: RecurrenceTensors?
    /// [d]: gain of the norm before the feed-forward part.
    package let feedNorm: Tensor
    /// [hidden, d], [hidden], [d, hidden], [d].
    package let feedUp: Tensor
    package let feedUpBias: Tensor
    package let feedDown: Tensor
    package let feedDownBias: Tensor
}

/// Every tensor of a model of a given shape, laid one after the other in one flat memory.
///
/// One memory means that the optimizer, the reduction of gradients, the checkpoint and the finite-difference test each are
/// one loop that cannot forget a tensor. The item embedding comes first because its rows alone are updated sparsely.
package struct TowerLayout: Equatable, Sendable {
    package let shape: TowerShape
    /// [items, d]
    package let itemEmbedding: Tensor
    /// [tokens, d]
    package let tokenEmbedding: Tensor
    /// [5], by `ItemField`: factors on the fields' tokens.
    package let fieldGain: Tensor
    /// [d, width] for each of `shape.vectors`: projections of supplied vectors.
    package let projections: [Tensor]
    /// [d]: stands in for an item that neither the checkpoint nor a catalogue describes.
    package let unknownInput: Tensor
    /// [actions, d]
    package let actionEmbedding: Tensor
    /// Of the sequential tower alone.
    package let rhythm: RhythmTensors?
    /// [attributes, d]
    package let attributeEmbedding: Tensor
    package let blocks: [BlockTensors]
    /// [1]: logarithm of the factor on cosine scores (1 / temperature).
    package let logScale: Tensor
    package let tensors: [Tensor]
    /// Floats of all tensors together.
    package let count: Int

    package init(_ shape: TowerShape) {
        var tensors: [Tensor] = []
        var offset = 0
        func add(_ name: String, _ shape: Int...) -> Tensor {
            let tensor = Tensor(name: name, shape: shape, offset: offset)
            // Each tensor starts on a cache line.
            offset += (tensor.count + 15) / 16 * 16
            tensors.append(tensor)
            return tensor
        }
        let d = shape.dimension
        itemEmbedding = add("items.embedding", shape.items, d)
        tokenEmbedding = add("tokens.embedding", shape.tokens, d)
        fieldGain = add("fields.gain", ItemField.allCases.count)
        projections = shape.vectors.map { add("vectors." + $0.name, d, $0.width) }
        unknownInput = add("items.unknown", d)
        actionEmbedding = add("actions.embedding", Action.allCases.count, d)
        let isSequential = shape.userTower == .sequential
        rhythm =
            isSequential
            ? RhythmTensors(
                gaps: add("gaps.embedding", GapBucket.count, d), visits: add("visits.embedding", Visit.count, d)) : nil
        attributeEmbedding = add("attributes.embedding", shape.attributes, d)
        blocks = (0..<shape.blocks).map { index in
            let prefix = "blocks.\(index)."
            return BlockTensors(
                recurrence: isSequential
                    ? RecurrenceTensors(
                        gateNorm: add(prefix + "gate_norm", d), gates: add(prefix + "gates.weight", 3 * d, d),
                        gatesBias: add(prefix + "gates.bias", 3 * d), mix: add(prefix + "mix.weight", d, d)) : nil,
                feedNorm: add(prefix + "feed_norm", d),
                feedUp: add(prefix + "feed_up.weight", shape.hidden, d),
                feedUpBias: add(prefix + "feed_up.bias", shape.hidden),
                feedDown: add(prefix + "feed_down.weight", d, shape.hidden),
                feedDownBias: add(prefix + "feed_down.bias", d))
        }
        logScale = add("log_scale", 1)
        self.shape = shape
        self.tensors = tensors
        count = offset
    }
}
