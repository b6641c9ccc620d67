extension TrainingSettings {
    /// The settings of a training that starts from `checkpoint`: the sizes of its towers, its dropout, and the epochs of a
    /// refresh.
    ///
    /// - Throws: `TrainingError.badStart` where these settings ask for something else.
    func starting(from checkpoint: Checkpoint) throws(TrainingError) -> TrainingSettings {
        var contradictions: [String] = []
        func settle<Value: Equatable>(_ name: String, _ wanted: Value?, _ kept: Value) -> Value {
            if let wanted, wanted != kept {
                contradictions.append("\(name) is \(wanted), but \(kept) in the checkpoint to start from")
            }
            return kept
        }
        let shape = checkpoint.model.layout.shape
        var settings = self
        settings.dimension = settle("dimension", dimension, shape.dimension)
        settings.blocks = settle("blocks", blocks, shape.blocks)
        settings.userTower = settle("userTower", userTower, shape.userTower)
        settings.dropout =
            checkpoint.facts.settings["dropout"].map { settle("dropout", dropout, $0) }
            ?? Candidates.fallback(self).dropout
        settings.epochs = refreshEpochs
        guard contradictions.isEmpty else {
            throw TrainingError(
                .badStart,
                contradictions.joined(separator: "; ") + ": leave the setting out, or train anew without the checkpoint"
            )
        }
        let faults = settings.faults
        guard faults.isEmpty else {
            throw TrainingError(
                .badStart,
                "the checkpoint to start from cannot be trained: \(faults.joined(separator: "; ")); train anew without it"
            )
        }
        return settings
    }
}
