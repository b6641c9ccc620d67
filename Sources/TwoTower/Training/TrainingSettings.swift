import Commerce

/// What shapes a training run. The defaults are a sound start for a shop of any size.
public struct TrainingSettings: Codable, Equatable, Sendable {
    /// Length of item and user vectors: a multiple of 16, 16 to 512. Nil lets validation choose.
    public var dimension: Int?
    /// What moves a shopper's state: the sequential tower, or the mean to compare with. Nil is the sequential one, or that of the
    /// checkpoint that training starts from.
    public var userTower: UserTower?
    /// Blocks on top of one another, 1 to 8. Nil is 1, or as many as the checkpoint has that training starts from.
    public var blocks: Int?
    /// Passes over the log at most, 1 to 1000.
    public var epochs = 30
    /// Passes over the log at most in a training that starts from a checkpoint, in place of `epochs`; 1 to 1000.
    public var refreshEpochs = 3
    /// Wall-clock seconds that training may take, validation included; nil for no limit. At least 1.
    ///
    /// A run that the limit cuts short depends on the machine's speed; any other is fixed by data, settings and seed.
    public var timeLimit: Double?
    /// AdamW's peak learning rate, above 0 and at most 0.1.
    public var learningRate = 0.002
    /// AdamW's decay of weights and embeddings per unit of learning rate, 0 to 1.
    public var weightDecay = 0.01
    /// Chance of an element of the residual stream to be dropped, 0 to 0.9. Nil lets validation choose.
    public var dropout: Double?
    /// Chance per batch of an item with features to appear without its ID embedding, 0 to 0.9: what new items live by.
    public var idDropout = 0.1
    /// Events per batch, 16 to 65536.
    public var batchEvents = 1024
    /// Events of one shopper that gradients run through, 2 to 2000; longer histories are cut.
    public var sequenceLength = 200
    /// The events that are held out to choose by; a training that starts from a checkpoint holds out some of those that the
    /// checkpoint has not seen.
    public var validation = ValidationSplit.latest(share: 0.1)
    /// Whether the kept model is trained again on everything, the held-out events included; if not, it is the best one of
    /// validation.
    public var fitsEverything = true
    /// Epochs without improvement after which validation stops, 1 to 1000.
    public var patience = 3
    /// Scores of an epoch, events times items, up to which the softmax runs over all items; above, over `negatives` sampled
    /// ones.
    public var fullSoftmaxScores = 5e9
    /// Sampled items per batch, 16 to 100000.
    public var negatives = 8192
    /// Catalogue items that a feature must describe to get an embedding, at least 1.
    public var minimumTokenItems = 3
    /// Features with an embedding at most, the most frequent first; 0 to 1000000.
    public var maximumTokens = 100_000
    /// The columns of supplied vectors that may be trained on, as the catalogue's schema declares them; nil for whichever the
    /// catalogue holds, each with the width of most of its vectors.
    public var vectorColumns: [VectorColumn]?
    /// Seed of every random choice.
    public var seed: UInt64 = 1

    public init() {}

    /// `blocks`, settled.
    var blockCount: Int { blocks ?? 1 }
    /// `userTower`, settled.
    var tower: UserTower { userTower ?? .sequential }

    /// Everything that is out of range, one sentence each; empty if all is well.
    public var faults: [String] {
        var faults: [String] = []
        func check<Value: Comparable>(_ name: String, _ value: Value, in range: ClosedRange<Value>) {
            if !range.contains(value) {
                faults.append("\(name) is \(value), must be \(range.lowerBound) to \(range.upperBound)")
            }
        }
        if let dimension {
            check("dimension", dimension, in: 16...512)
            if dimension % 16 != 0 { faults.append("dimension is \(dimension), must be a multiple of 16") }
        }
        if let blocks { check("blocks", blocks, in: 1...8) }
        check("epochs", epochs, in: 1...1000)
        check("refreshEpochs", refreshEpochs, in: 1...1000)
        if let timeLimit { check("timeLimit", timeLimit, in: 1...1e7) }
        check("learningRate", learningRate, in: 1e-9...0.1)
        check("weightDecay", weightDecay, in: 0...1)
        if let dropout { check("dropout", dropout, in: 0...0.9) }
        check("idDropout", idDropout, in: 0...0.9)
        check("batchEvents", batchEvents, in: 16...65536)
        check("sequenceLength", sequenceLength, in: 2...2000)
        if case .latest(let share) = validation { check("validation's share", share, in: 1e-6...0.5) }
        check("patience", patience, in: 1...1000)
        check("fullSoftmaxScores", fullSoftmaxScores, in: 0...1e15)
        check("negatives", negatives, in: 16...100_000)
        check("minimumTokenItems", minimumTokenItems, in: 1...1_000_000)
        check("maximumTokens", maximumTokens, in: 0...1_000_000)
        if let fault = vectorColumns.flatMap(VectorColumn.fault) { faults.append("vectorColumns: \(fault)") }
        return faults
    }

    /// The settings by name, with those that validation chose, for a checkpoint's record of its training.
    func record(dimension: Int, dropout: Double) -> [String: Double] {
        [
            "dimension": Double(dimension), "blocks": Double(blockCount), "epochs": Double(epochs),
            "timeLimit": timeLimit ?? 0,
            "learningRate": learningRate, "weightDecay": weightDecay, "dropout": dropout, "idDropout": idDropout,
            "batchEvents": Double(batchEvents), "sequenceLength": Double(sequenceLength),
            "patience": Double(patience), "fullSoftmaxScores": fullSoftmaxScores, "negatives": Double(negatives),
            "minimumTokenItems": Double(minimumTokenItems), "maximumTokens": Double(maximumTokens),
        ]
    }
}
