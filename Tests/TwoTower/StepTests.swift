import Commerce
import LinearAlgebra
import Testing
import TwoTower

/// The serving step: equal to training's forward pass, and to itself whatever the batch and the instruction set.
@Suite struct StepTests {
    /// A model of the tiny case, with parameters as drawn.
    static func model(_ tiny: TinyCase) throws -> Model {
        let (d, items) = (tiny.layout.shape.dimension, tiny.layout.shape.items)
        let (encoder, features) = (ItemEncoder(layout: tiny.layout, parameters: tiny.parameters), try tiny.features())
        let vectors = FloatBuffer(count: items * d)
        for item in 0..<items {
            _ = encoder.encode(
                item, of: features, row: tiny.known[item] ? item : nil, into: vectors.pointer + item * d)
        }
        return Model(
            version: "tiny", layout: tiny.layout, parameters: tiny.parameters, itemVectors: vectors,
            vocabulary: FeatureVocabulary(
                tokens: ["w:a", "w:b", "c:c", "b:d", "m:0", "q:7"],
                prices: PriceScale(thresholds: ["": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]])),
            attributes: AttributeVocabulary(tokens: ["country=nl", "country=be", "age=30-39"]),
            items: (0..<items).map { ItemID("i\($0)") })
    }

    /// A time gap that falls into a bucket.
    static func gap(bucket: UInt8) -> Int64? {
        bucket == 0 ? nil : bucket == 1 ? 0 : (Int64(1) << (Int64(bucket) - 2)) * 1_800_000 / 1024 + 1
    }

    @Test(arguments: UserTower.allCases) func equalsTheForwardPassOfTraining(userTower: UserTower) throws {
        let tiny = TinyCase(userTower)
        let model = try Self.model(tiny)
        let d = model.dimension
        let pass = SequencePass(layout: tiny.layout, capacity: tiny.sequences.positions, dropout: 0)
        pass.forward(
            tiny.sequences, vectors: model.itemVectors.pointer, parameters: tiny.parameters.pointer, generator: nil)
        let ones = [Double](repeating: 1, count: tiny.sequences.positions * d)
        let reference = ReferenceTower(
            layout: tiny.layout, bags: tiny.bags, supplied: tiny.supplied, known: tiny.known, sequences: tiny.sequences,
            inputMask: ones,
            branchMasks: [(ones, ones), (ones, ones)]
        ).outputs(tiny.doubles)
        let scratch = model.makeScratch()
        for sequence in 0..<tiny.sequences.starts.count - 1 {
            var state = model.initialState
            for position in tiny.sequences.starts[sequence]..<tiny.sequences.starts[sequence + 1] {
                let item = Int(tiny.sequences.items[position])
                let input = Array(item < 0 ? model.unknownInput : model.trainedInput(item))
                let action = try #require(Action(rawValue: tiny.sequences.actions[position]))
                let gap = Self.gap(bucket: tiny.sequences.gaps[position])
                #expect(GapBucket.of(milliseconds: gap) == Int(tiny.sequences.gaps[position]))
                let changes = tiny.sequences.visits[position] == 1 && Visit.row(gap: gap, changesSession: false) == 0
                let attributes = tiny.sequences.attributeRows[
                    Int(tiny.sequences.attributeStarts[position])..<Int(tiny.sequences.attributeStarts[position + 1])]
                Streaming.step(
                    model, &state, inputs: input, [action], [gap], scratch, sessionChanges: [changes],
                    attributes: [Array(attributes)])
                let output = state[tiny.layout.shape.outputOffset..<tiny.layout.shape.outputOffset + d]
                for (i, value) in output.enumerated() {
                    // Two orders of fp32 additions over values near 1.
                    #expect(abs(value - pass.output.pointer[position * d + i]) < 2e-5)
                    #expect(abs(Double(value) - reference[position][i]) < 2e-5)
                }
            }
        }
    }

    @Test(arguments: UserTower.allCases)
    func doesNotDependOnTheBatchNorTheInstructionSet(userTower: UserTower) throws {
        let model = try Self.model(TinyCase(userTower))
        let expected = Self.run(model, batch: 1)
        #expect(
            Set(expected.map(\.bitPattern)).count > expected.count / 2, "states must differ for this to mean anything")
        for batch in [1, 7, 64] {
            for level in InstructionSet.available {
                level.select()
                #expect(
                    Self.run(model, batch: batch).map(\.bitPattern) == expected.map(\.bitPattern), "\(batch), \(level)")
            }
        }
    }

    /// States and readouts of 64 shoppers after six events each, taken `batch` shoppers at a time.
    private static func run(_ model: Model, batch: Int) -> [Float] {
        let shoppers = 64
        let (d, size) = (model.dimension, model.stateSize)
        var generator = SplitMix64(seed: 5)
        var states = (0..<shoppers).flatMap { _ in model.initialState }
        let scratch = model.makeScratch()
        for event in 0..<6 {
            let inputs = (0..<shoppers).flatMap { _ in model.trainedInput(Int.random(in: 0..<6, using: &generator)) }
            let actions = (0..<shoppers).map { Action.allCases[($0 + event) % 4] }
            let gaps: [Int64?] = (0..<shoppers).map { event == 0 ? nil : Int64($0) * 60_000 }
            let changes = (0..<shoppers).map { ($0 + event) % 3 == 0 }
            let attributes = (0..<shoppers).map { Array(Int32(0)..<Int32(($0 + event) % 4)) }
            for start in stride(from: 0, to: shoppers, by: batch) {
                let range = start..<min(start + batch, shoppers)
                var part = Array(states[range.lowerBound * size..<range.upperBound * size])
                Streaming.step(
                    model, &part, inputs: Array(inputs[range.lowerBound * d..<range.upperBound * d]),
                    Array(actions[range]), Array(gaps[range]), scratch, sessionChanges: Array(changes[range]),
                    attributes: Array(attributes[range]))
                states.replaceSubrange(range.lowerBound * size..<range.upperBound * size, with: part)
            }
        }
        return states + Streaming.readout(model, states)
    }

    @Test(arguments: UserTower.allCases) func onlyTheMeanIgnoresTheOrder(userTower: UserTower) throws {
        let model = try Self.model(TinyCase(userTower))
        let scratch = model.makeScratch()
        func user(_ items: [Int]) -> [Float] {
            var state = model.initialState
            for (place, item) in items.enumerated() {
                Streaming.step(
                    model, &state, inputs: Array(model.trainedInput(item)), [Action.allCases[item % 4]],
                    [place == 0 ? nil : Int64(place) * 1_000_000], scratch)
            }
            return Streaming.readout(model, state)
        }
        let difference = zip(user([0, 1, 2, 3, 4, 5, 1]), user([1, 5, 0, 4, 1, 3, 2])).map { abs($0 - $1) }.max() ?? 0
        #expect(userTower == .mean ? difference < 1e-5 : difference > 0.1, "\(difference)")
    }

    @Test func readoutIsAUnitVectorTimesTheLearnedFactor() throws {
        let tiny = TinyCase()
        let model = try Self.model(tiny)
        var state = model.initialState
        #expect(Streaming.readout(model, state).allSatisfy { $0 == 0 }, "a shopper without events has no direction")
        Streaming.step(model, &state, inputs: Array(model.trainedInput(0)), [.browse], [nil], model.makeScratch())
        let length = Streaming.readout(model, state).reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(length - 4.481689) < 1e-4)  // e^1.5
    }

    @Test func gapBuckets() {
        let halfHour: Int64 = 1_800_000
        #expect(GapBucket.of(milliseconds: nil) == 0)
        #expect(GapBucket.of(milliseconds: -5) == GapBucket.of(milliseconds: 0))
        #expect(GapBucket.of(milliseconds: .min) == 1)
        #expect(GapBucket.of(milliseconds: .max) == GapBucket.count - 1)
        #expect(GapBucket.of(milliseconds: halfHour - 1) + 1 == GapBucket.of(milliseconds: halfHour))
        let buckets = (0..<62).map { GapBucket.of(milliseconds: Int64(1) << $0) }
        #expect(buckets == buckets.sorted() && buckets.allSatisfy { (1..<GapBucket.count).contains($0) })
    }
}

/// Steps and readouts over arrays.
enum Streaming {
    static func step(
        _ model: Model, _ states: inout [Float], inputs: [Float], _ actions: [Action], _ gaps: [Int64?],
        _ scratch: StepScratch, sessionChanges: [Bool]? = nil, attributes: [[Int32]]? = nil
    ) {
        let events = actions.indices.map { row in
            StepEvent(
                action: actions[row], gap: gaps[row], changesSession: sessionChanges?[row] ?? false,
                attributes: attributes?[row] ?? [])
        }
        states.withUnsafeMutableBufferPointer { states in
            inputs.withUnsafeBufferPointer { model.step(events, states: states, inputs: $0, scratch: scratch) }
        }
    }

    static func readout(_ model: Model, _ states: [Float]) -> [Float] {
        let count = states.count / model.stateSize
        return [Float](unsafeUninitializedCapacity: count * model.dimension) { vectors, filled in
            if let base = vectors.baseAddress { model.readout(states: states, count: count, into: base) }
            filled = count * model.dimension
        }
    }
}
