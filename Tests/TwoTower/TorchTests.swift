import Foundation
import LinearAlgebra
import Testing
import TwoTower

/// Our gradients and steps against PyTorch's, whose backward pass nobody here derived: a second model from a second hand.
@Suite struct TorchTests {
    @Test(.enabled(if: Twin.python != nil, Twin.isMissing), arguments: GradientTests.variants)
    func logitsLossAndEveryGradientAgree(variant: GradientTests.Variant) async throws {
        let tiny = TinyCase()
        let (layout, d) = (tiny.layout, tiny.layout.shape.dimension)
        let (n, items) = (tiny.sequences.positions, tiny.layout.shape.items)
        let (pass, loss, gradients) = try GradientTests.descend(tiny, variant)
        let vectors = try StepTests.model(tiny).itemVectors

        var list = TensorList()
        list.add(batch: 0, [tiny.sequences])
        try list.add(candidates: 0, rows: (0..<Int32(items)).map { $0 }, of: tiny)
        if let chances = variant.logChances { list.add("0.log_chances", chances) }
        if variant.dropout > 0 {
            let masks = [pass.inputMask] + pass.traces.flatMap { [$0.mixMask, $0.feedMask] }
            for (index, mask) in masks.enumerated() {
                list.add("0.mask.\(index)", Array(mask.values.prefix(n * d)), shape: [n, d])
            }
        }
        let result = try await Self.ask(list, layout, tiny.parameters, vectors, training: [0.001, 0.01])

        // Values near 1 by two orders of fp32 additions over some dozen terms.
        #expect(relativeDistance(try result.values("vectors", [items, d]), vectors.values) < 1e-6)
        #expect(abs(Double(try result.values("loss", [1])[0]) - loss) < 1e-5)
        let logits = Self.logits(tiny, pass.output, vectors)
        #expect(relativeDistance(try result.values("logits", [tiny.sequences.targets.count, items]), logits) < 1e-5)
        for tensor in layout.tensors {
            let mine = gradients[tensor.offset..<tensor.offset + tensor.count]
            #expect(mine.contains { $0 != 0 }, "no gradient reaches \(tensor.name)")
            let other = try result.values("gradient.\(tensor.name)", tensor.shape)
            #expect(relativeDistance(mine, other) < 1e-5, "\(tensor.name)")
        }
    }

    /// Ten steps: AdamW with its corrections, decay and untouched rows, clipping, and the schedule, from equal starts.
    @Test(.enabled(if: Twin.python != nil, Twin.isMissing)) func tenTrainingStepsAgree() async throws {
        let tiny = TinyCase()
        let layout = tiny.layout
        // A low factor on the scores: gradients that begin above the limit and end below it.
        tiny.parameters.pointer[layout.logScale.offset] = 0.9
        // Item 5 does not occur in training: neither a step nor decay may move its embedding.
        let counts: [Int32] = [3, 1, 2, 5, 4, 0]
        var settings = TrainingSettings()
        (settings.idDropout, settings.weightDecay) = (0, 0.1)
        let batches = (0..<10).map { Self.batch(seed: UInt64($0)) }
        var list = TensorList()
        for (number, batch) in batches.enumerated() {
            list.add(batch: number, batch.shards)
            try list.add(candidates: number, rows: [0, 1, 2, 3, 4], of: tiny, known: true)
        }
        let start = FloatBuffer(count: layout.count)
        start.pointer.update(from: tiny.parameters.pointer, count: layout.count)
        let peak = 0.05  // of which the tenth step has a fifth
        let result = try await Self.ask(
            list, layout, tiny.parameters, try StepTests.model(tiny).itemVectors,
            training: [Float(peak), Float(settings.weightDecay)])

        let step = TrainingStep(
            layout: layout, parameters: tiny.parameters, bags: try tiny.features(),
            candidates: CandidateSampler(counts: counts, negatives: nil), settings: settings, dropout: 0)
        let losses = batches.enumerated().map { number, batch in
            step.run(batch, learningRate: Schedule.rate(step: number, peak: peak))
        }
        let norms = try result.values("norms", [10])
        #expect(
            norms.contains { $0 > 1.05 } && norms.contains { $0 < 0.95 }, "some steps clip and some do not: \(norms)")
        #expect(losses.last ?? 9 < losses[0] - 0.1, "the steps must lead somewhere: \(losses)")
        for (mine, other) in zip(losses, try result.values("losses", [10])) {
            #expect(abs(mine - Double(other)) < 2e-5)
        }
        for tensor in layout.tensors {
            let range = tensor.offset..<tensor.offset + tensor.count
            let other = try result.values("parameter.\(tensor.name)", tensor.shape)
            // AdamW divides by the gradient's size, so that roundings of small gradients come out large: of the way gone.
            let mine = zip(tiny.parameters.values[range], start.values[range]).map { $0 - $1 }
            let theirs = zip(other, start.values[range]).map { $0 - $1 }
            #expect(mine.contains { $0 != 0 }, "\(tensor.name) did not move")
            #expect(relativeDistance(mine, theirs) < 1e-3, "\(tensor.name)")
            #expect(relativeDistance(tiny.parameters.values[range], other) < 1e-5, "\(tensor.name)")
        }
        let untouched = layout.itemEmbedding.offset + 5 * layout.shape.dimension
        #expect(tiny.parameters.pointer[untouched] == start.pointer[untouched])
    }

    /// Two shards of three sequences each, of random events on the tiny case's items 0 to 4.
    private static func batch(seed: UInt64) -> BatchPlan.Batch {
        var generator = SplitMix64(seed: seed)
        func random(_ count: Int) -> Int32 { Int32.random(in: 0..<Int32(count), using: &generator) }
        return BatchPlan.Batch(
            shards: (0..<2).map { _ in
                var pack = PackedSequences()
                pack.attributeStarts = [0]
                for _ in 0..<3 {
                    for place in 0..<4 + random(4) {
                        if place > 0 {
                            // What follows an item is nearly certain, so that losses can fall.
                            pack.targetPositions.append(Int32(pack.positions - 1))
                            pack.targets.append((max(0, pack.items[pack.positions - 1]) + 1) % 5)
                        }
                        pack.items.append(random(12) == 0 ? -1 : random(5))
                        pack.actions.append(UInt8(random(4)))
                        pack.gaps.append(UInt8(random(GapBucket.count)))
                        pack.visits.append(UInt8(random(2)))
                        if random(2) == 0 { pack.attributeRows.append(random(3)) }
                        pack.attributeStarts.append(Int32(pack.attributeRows.count))
                    }
                    pack.starts.append(pack.positions)
                }
                return pack
            })
    }

    /// [targets, items]: cosines times the factor.
    private static func logits(_ tiny: TinyCase, _ outputs: FloatBuffer, _ vectors: FloatBuffer) -> [Float] {
        let d = tiny.layout.shape.dimension
        let scale = exp(Double(tiny.parameters.pointer[tiny.layout.logScale.offset]))
        return tiny.sequences.targetPositions.flatMap { position in
            let user = (0..<d).map { Double(outputs.pointer[Int(position) * d + $0]) }
            let length = user.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return (0..<tiny.layout.shape.items).map { item in
                Float(scale / length * (0..<d).reduce(0) { $0 + user[$1] * Double(vectors.pointer[item * d + $1]) })
            }
        }
    }

    /// Writes the case, runs the oracle, and reads what it found.
    private static func ask(
        _ list: TensorList, _ layout: TowerLayout, _ parameters: FloatBuffer, _ vectors: FloatBuffer, training: [Float]
    ) async throws -> Safetensors.File {
        let twin = try Twin()
        let model = try StepTests.model(TinyCase())
        try Checkpoint(
            layout: layout, parameters: parameters, itemVectors: vectors, items: model.items.map(\.rawValue),
            vocabulary: model.vocabulary, attributes: model.attributes,
            facts: TrainingFacts(
                seed: 3, dataDigest: "d", events: 9, shoppers: 3, epochs: 2, recallAt10: nil, settings: [:])
        ).save(to: twin.folder.appending(path: "model"))
        var list = list
        list.add("training", training)
        try list.write(to: twin.folder.appending(path: "case.safetensors"))
        try await twin.run("oracle.py", [twin.folder.path])
        return try Safetensors.File(
            try Data(contentsOf: twin.folder.appending(path: "result.safetensors")), file: "result.safetensors")
    }
}

extension TensorList {
    /// Adds the columns of a batch, its shards one after the other.
    fileprivate mutating func add(batch number: Int, _ shards: [PackedSequences]) {
        func name(_ column: String) -> String { "\(number).\(column)" }
        add(name("items"), shards.flatMap(\.items))
        add(name("actions"), shards.flatMap(\.actions))
        add(name("gaps"), shards.flatMap(\.gaps))
        add(name("visits"), shards.flatMap(\.visits))
        add(name("attributes"), shards.flatMap(\.attributeRows))
        add(
            name("offsets"),
            shards.flatMap { pack in zip(pack.starts, pack.starts.dropFirst()).flatMap { 0..<$1 - $0 } })
        add(name("targets"), shards.flatMap(\.targets))
        var (starts, positions): ([Int], [Int]) = ([], [])
        var (rows, events) = (0, 0)
        for pack in shards {
            starts += pack.attributeStarts.dropLast().map { Int($0) + rows }
            positions += pack.targetPositions.map { Int($0) + events }
            (rows, events) = (rows + pack.attributeRows.count, events + pack.positions)
        }
        add(name("attribute_starts"), starts)
        add(name("target_positions"), positions)
    }

    /// Adds the items that take part with their features.
    fileprivate mutating func add(candidates number: Int, rows: [Int32], of tiny: TinyCase, known: Bool? = nil) throws {
        func name(_ column: String) -> String { "\(number).\(column)" }
        add(name("rows"), rows)
        add(name("known"), rows.map { known ?? tiny.known[Int($0)] ? 1 : 0 })
        var (starts, tokens, fields, shares): ([Int], [Int32], [Int], [Float]) = ([], [], [], [])
        for row in rows {
            starts.append(tokens.count)
            let count = tiny.bags[Int(row)].fields.reduce(0) { $0 + $1.count }
            for (field, bag) in tiny.bags[Int(row)].fields.enumerated() {
                tokens += bag
                fields += bag.map { _ in field }
                shares += bag.map { _ in 1 / Float(count) }
            }
        }
        add(name("bag_starts"), starts)
        add(name("tokens"), tokens)
        add(name("token_fields"), fields)
        add(name("token_shares"), shares)
        for (column, vector) in tiny.layout.shape.vectors.enumerated() {
            let found = rows.indices.compactMap { place in
                tiny.supplied[Int(rows[place])][vector.name].map { (place, $0.map(Double.init)) }
            }.filter { $0.1.contains { $0 != 0 } }
            add(name("vector_places.\(column)"), found.map(\.0))
            let units = found.flatMap { _, values in
                let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return values.map { Float($0 / length) }
            }
            add(name("vector_values.\(column)"), units, shape: [found.count, vector.width])
        }
    }
}
