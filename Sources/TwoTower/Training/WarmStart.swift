import Commerce
import LinearAlgebra

/// Where a training starts from that goes on from a checkpoint: what the checkpoint knows by name stays as it is, and what is
/// new begins where its neighbours are.
package struct WarmStart {
    /// The checkpoint's.
    let model: Model
    /// Milliseconds since 1970 of the last event that its towers have trained on.
    let towersUntil: Int64
    /// Per row of the new model: the checkpoint's row of the same name; nil for what is new.
    private let items: [Int?]
    private let tokens: [Int?]
    private let attributes: [Int?]

    /// Matches the names of the new model's rows with those of the checkpoint.
    ///
    /// - Parameters:
    ///   - items: of the whole log, old events and new.
    ///   - tokens: names of the features' rows.
    ///   - attributes: names of the attributes' rows.
    /// - Throws: `TrainingError.badStart` if the checkpoint knows none of the items.
    package init(
        _ checkpoint: Checkpoint, items: [ItemID], tokens: [String], attributes: [String]
    ) throws(TrainingError) {
        func match(_ names: [String], _ known: [String]) -> [Int?] {
            let rows = Dictionary(known.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
            return names.map { rows[$0] }
        }
        let model = checkpoint.model
        self.model = model
        towersUntil = checkpoint.facts.towersUntil ?? model.channels.time
        self.items = items.map { model.row(of: $0) }
        self.tokens = match(tokens, model.vocabulary.tokens)
        self.attributes = match(attributes, model.attributes.tokens)
        guard self.items.contains(where: { $0 != nil }) else {
            throw TrainingError(
                .badStart,
                "none of the \(model.items.count) items of the checkpoint to start from is in the events: give the whole log "
                    + "of the same shop, or train anew without the checkpoint")
        }
    }

    /// What the user should know of items that are no longer there; nil if all are.
    var notice: String? {
        let forgotten = model.items.count - items.count { $0 != nil }
        guard forgotten > 0 else { return nil }
        return
            "\(forgotten) of the \(model.items.count) items of the checkpoint to start from are not in the events and are "
            + "forgotten; if that was not meant, give the whole log, old events and new"
    }

    /// Per event whether it is held out to choose the epochs by: the later half of those that its
    /// towers have not trained on. Nil if there are none.
    func heldOut(of histories: Histories) -> [Bool]? {
        let newer = histories.times.filter { $0 > towersUntil }.sorted()
        guard !newer.isEmpty else { return nil }
        return ValidationSplit.from(EventTime(milliseconds: newer[newer.count / 2])).heldOut(of: histories)
    }

    /// The parameters before the first step.
    package func parameters(
        layout: TowerLayout, histories: Histories, cooccurrence: Cooccurrence, bags: FeatureBags, seed: UInt64
    ) -> FloatBuffer {
        let parameters = FloatBuffer(count: layout.count)
        let kept = copy(layout, parameters.pointer)
        placeItems(layout, cooccurrence, seed, parameters.pointer + layout.itemEmbedding.offset)
        TokenStart.fill(layout, histories, bags, parameters.pointer) { tokens[$0] == nil }
        ProjectionStart.fill(layout, histories, bags, parameters.pointer) { !kept.contains($0.name) }
        return parameters
    }

    /// Copies the tensors of the checkpoint, those of items, tokens and attributes row by row; all else stays as it is.
    ///
    /// - Returns: names of the tensors that the checkpoint has in the same form.
    private func copy(_ layout: TowerLayout, _ parameters: UnsafeMutablePointer<Float>) -> Set<String> {
        let tables = [
            layout.itemEmbedding.name: items, layout.tokenEmbedding.name: tokens,
            layout.attributeEmbedding.name: attributes,
        ]
        let sources = Dictionary(model.layout.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let d = layout.shape.dimension
        var kept: Set<String> = []
        for tensor in layout.tensors {
            guard let source = sources[tensor.name] else { continue }
            let (target, known) = (parameters + tensor.offset, model.parameters.pointer + source.offset)
            if let rows = tables[tensor.name] {
                for (row, old) in rows.enumerated() {
                    if let old { (target + row * d).update(from: known + old * d, count: d) }
                }
            } else if source.shape == tensor.shape {
                target.update(from: known, count: tensor.count)
                kept.insert(tensor.name)
            }
        }
        return kept
    }

    /// New items: the mean of the known items that they occur with, each as often as it does, at the known ones' mean length,
    /// with a little noise; of an item without known neighbours the noise alone.
    private func placeItems(
        _ layout: TowerLayout, _ cooccurrence: Cooccurrence, _ seed: UInt64, _ table: UnsafeMutablePointer<Float>
    ) {
        let d = layout.shape.dimension
        func length(_ vector: some Sequence<Double>) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        func row(_ item: Int) -> some Collection<Double> {
            UnsafeBufferPointer(start: table + item * d, count: d).lazy.map(Double.init)
        }
        let known = items.indices.filter { items[$0] != nil }
        let usual = known.reduce(0) { $0 + length(row($1)) } / Double(max(1, known.count))
        // Another stream for another checkpoint: new items of two nights must not start at one place.
        var generator = SplitMix64(seed: seed, streams: 4, known.count)
        let counts = cooccurrence.counts
        for item in items.indices where items[item] == nil {
            var sum = [Double](repeating: 0, count: d)
            for entry in counts.starts[item]..<counts.starts[item + 1] where items[Int(counts.columns[entry])] != nil {
                let times = Double(counts.values[entry])
                for (i, value) in row(Int(counts.columns[entry])).enumerated() { sum[i] += times * value }
            }
            let size = length(sum)
            for i in 0..<d {
                let direction = size > 0 ? sum[i] / size : 0
                table[item * d + i] = Float(usual * (direction + Initialisation.noise(d) * generator.normal()))
            }
        }
    }
}
