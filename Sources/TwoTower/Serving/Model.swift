import Commerce
import LinearAlgebra

/// A trained two-tower model as it serves: immutable, shared by all threads.
///
/// The item tower gives every item a unit vector, as input of a step and as row of the index. The sequence tower moves a
/// shopper's state by one constant-time step per event and reads a vector off it; score = dot product of the two.
public final class Model: Sendable {
    /// Hex digest of the checkpoint's bytes: equal versions give equal lists.
    public let version: String
    package let layout: TowerLayout
    /// All parameters, laid out by `layout`.
    package let parameters: FloatBuffer
    /// [items, d]: the unit vectors of the known items with the catalogue they were trained with.
    package let itemVectors: FloatBuffer
    /// [shoppers, d]: some shoppers' vectors at the end of training, what an index is tuned on; may be empty.
    public let audience: FloatBuffer
    package let vocabulary: FeatureVocabulary
    /// The user attributes that have an embedding.
    package let attributes: AttributeVocabulary
    /// Row to item: the items that have an embedding.
    public let items: [ItemID]
    /// What stands beside the dot product: the sparse channel, and how items move.
    public let channels: TrainedChannels
    private let rows: [ItemID: Int32]
    package let tower: ServingTower
    private let encoder: ItemEncoder

    package init(
        version: String, layout: TowerLayout, parameters: FloatBuffer, itemVectors: FloatBuffer,
        audience: FloatBuffer = FloatBuffer(count: 0), vocabulary: FeatureVocabulary,
        attributes: AttributeVocabulary = AttributeVocabulary(), items: [ItemID],
        channels: TrainedChannels = .none
    ) {
        self.version = version
        self.layout = layout
        self.parameters = parameters
        self.itemVectors = itemVectors
        self.audience = audience
        self.vocabulary = vocabulary
        self.attributes = attributes
        self.items = items
        self.channels = channels
        rows = Dictionary(items.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
        tower = ServingTower(layout: layout, parameters: parameters)
        encoder = ItemEncoder(layout: layout, parameters: parameters)
    }

    /// d: length of item and user vectors, a multiple of 16.
    public var dimension: Int { layout.shape.dimension }

    /// The factor on cosine scores, which `readout` folds into the shopper's vector.
    public var scale: Float { tower.scale }

    /// Floats of one shopper's state.
    public var stateSize: Int { layout.shape.stateSize }

    /// The state of a shopper who has done nothing: its readout is the zero vector.
    public var initialState: [Float] { [Float](repeating: 0, count: stateSize) }

    /// The checkpoint's row of an item, or nil for an item it has not seen.
    public func row(of item: ItemID) -> Int? { rows[item].map(Int.init) }

    // MARK: Inputs of a step

    /// [d]: the input vector of a known item. No catalogue change alters it. Valid while the model lives.
    public func trainedInput(_ row: Int) -> UnsafeBufferPointer<Float> { trainedOutput(row) }

    /// [d]: the input of an item that neither the checkpoint nor a catalogue record describes. Valid while the model lives.
    public var unknownInput: UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: parameters.pointer + layout.unknownInput.offset, count: dimension)
    }

    // MARK: Rows of the index

    /// [d]: the unit vector of a known item that has no catalogue record now. Valid while the model lives.
    public func trainedOutput(_ row: Int) -> UnsafeBufferPointer<Float> {
        precondition(row >= 0 && row < items.count, "row \(row) of \(items.count)")
        return UnsafeBufferPointer(start: itemVectors.pointer + row * dimension, count: dimension)
    }

    /// [items, d]: those of all known items. Valid while the model lives.
    public var trainedOutputs: UnsafeBufferPointer<Float> { itemVectors.values }

    /// Writes the unit vector [d] of an item for the index: its embedding if known, together with its current features.
    ///
    /// - Returns: false, with zeros written, for an unknown item without a usable feature.
    /// - Throws: `FeatureFault` for a supplied vector that does not fit its column.
    public func outputVector(
        of item: CatalogueItem, into vector: UnsafeMutableBufferPointer<Float>
    ) throws(FeatureFault) -> Bool {
        try encode(item, row: row(of: item.item), into: vector)
    }

    private func encode(
        _ item: CatalogueItem, row: Int?, into vector: UnsafeMutableBufferPointer<Float>
    ) throws(FeatureFault) -> Bool {
        precondition(vector.count >= dimension, "a vector needs \(dimension) floats")
        guard let target = vector.baseAddress else { return false }
        let features = try FeatureBags([item], vocabulary: vocabulary, columns: layout.shape.vectors)
        return encoder.encode(0, of: features, row: row, into: target)
    }
}
