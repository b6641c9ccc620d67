import Commerce
import Evaluation
import LinearAlgebra
import Testing
import TwoTower

/// The towers as a method against the same done one event at a time, with no batch and no waiting.
@Suite("Towers")
struct TowerTests {
    /// A log with sessions, attributes, actions, repeats, a catalogue and items that appear late, and a model for it.
    struct Fixture {
        let log: EvaluationLog
        let split: Split
        let model: Model

        init() throws {
            var generator = SeededGenerator(seed: 7)
            var builder = EvaluationLogBuilder()
            for step in 0..<14 {
                for user in 0..<45 {
                    let range = step < 13 ? 40 : 50
                    let item = (user % 5 * 8 + step + Int.random(in: 0..<range, using: &generator)) % range
                    builder.append(
                        Event(
                            action: step % 3 == 0 ? .purchase : .browse, shopper: .known("u\(user)"),
                            item: ItemID("i\(item)"),
                            time: EventTime(milliseconds: Int64(step) * 900_000 + Int64(user) * 7_000),
                            sessionID: user % 2 == 0 ? "s\(user)-\(step / 3)" : nil,
                            attributes: user % 3 == 0 ? ["country": user % 2 == 0 ? "nl" : "de"] : [:]))
                }
            }
            for item in 0..<45 {
                builder.append(
                    CatalogueItem(item: ItemID("i\(item)"), title: "t\(item % 4)", category: ["c\(item % 3)"]))
            }
            log = try builder.build()
            split = try Split(log, .streaming, .test)
            var settings = TrainingSettings()
            (settings.dimension, settings.epochs, settings.minimumTokenItems) = (16, 1, 1)
            let trained = try Trainer.train(
                log.trainingLog(split), catalogue: log.catalogue, settings: settings
            ).model
            let rows = trained.items.count
            let table = NeighbourTable(
                starts: (0...Int32(rows)).map { $0 * 2 }, columns: (0..<Int32(rows)).flatMap { [$0 / 2, $0 / 2 + 1] },
                values: (0..<rows * 2).map { Float($0 % 5 + 1) / 10 })
            let sparse = SparseChannel.Settings(
                weight: 2, decay: 0.7, neighbours: NeighbourTable.Rule(damping: 0.5))
            let rule = MotionRule(
                knownPrior: 3, newPrior: 0.5, newGain: 0.9, popularityWeight: 0.1, popularityHalfLife: 3_600_000)
            model = Model(
                version: "", layout: trained.layout, parameters: trained.parameters, itemVectors: trained.itemVectors,
                vocabulary: trained.vocabulary, attributes: trained.attributes, items: trained.items,
                channels: TrainedChannels(
                    Channels(sparse: sparse, motion: rule), sparse: SparseChannel(settings: sparse, table: table),
                    popularity: (0..<rows).map { Float($0 % 3) }, time: log.testStart))
        }
    }

    /// The vectors at rest and the inputs of all items.
    static func vectors(_ fixture: Fixture) throws -> (output: [[Float]?], input: [[Float]]) {
        let (log, model) = (fixture.log, fixture.model)
        var outputs: [[Float]?] = []
        var inputs: [[Float]] = []
        for (item, id) in log.items.enumerated() {
            var vector = [Float](repeating: 0, count: model.dimension)
            var output: [Float]?
            if let record = log.record(of: Int32(item)) {
                let isThere = try vector.withUnsafeMutableBufferPointer { try model.outputVector(of: record, into: $0) }
                if isThere { output = vector }
            } else if let row = model.row(of: id) {
                output = Array(model.trainedOutput(row))
            }
            outputs.append(output)
            inputs.append(
                model.row(of: id).map { Array(model.trainedInput($0)) } ?? output ?? Array(model.unknownInput))
        }
        return (outputs, inputs)
    }

    /// The user's vector after the first `count` of the events.
    static func user(_ fixture: Fixture, _ events: ArraySlice<Int32>, inputs: [[Float]]) -> [Float] {
        let (log, model) = (fixture.log, fixture.model)
        var state = model.initialState
        var (last, session): (Int64?, String?) = (nil, nil)
        let scratch = model.makeScratch()
        for row in events {
            let event = log.event(at: Int(row))
            let time = event.time.rawValue
            let moved = StepEvent(
                action: event.action, gap: last.map { time - $0 },
                changesSession: session != nil && event.sessionID != nil && session != event.sessionID,
                attributes: model.attributeRows(of: event.attributes))
            let input = inputs[Int(log.item(at: row))]
            state.withUnsafeMutableBufferPointer { state in
                input.withUnsafeBufferPointer { model.step([moved], states: state, inputs: $0, scratch: scratch) }
            }
            last = time
            session = event.sessionID ?? session
        }
        var vector = [Float](repeating: 0, count: model.dimension)
        model.readout(states: state, count: 1, into: &vector)
        return vector
    }

    @Test("Batches give what one event at a time gives", arguments: [true, false], [true, false])
    func batches(moving: Bool, sparse: Bool) throws {
        let fixture = try Fixture()
        let (log, split, model) = (fixture.log, fixture.split, fixture.model)
        let d = model.dimension
        let count = min(Runner.batch, split.queries.count)
        #expect(count > 30 && model.items.count < log.items.count && !model.attributes.tokens.isEmpty)
        let method = try TowerRecommender(log, model, .init(sparse: sparse, moving: moving))
        let rows = BaselineTests.scores(method, log, split, count)
        let (output, input) = try Self.vectors(fixture)
        let rule = try #require(model.channels.motion)
        var sums = [[Float]](repeating: Array(repeating: 0, count: d), count: log.items.count)
        var touches = [Float](repeating: 0, count: log.items.count)
        var pops = log.items.map { id in (value: model.row(of: id).map { Float($0 % 3) } ?? 0, time: log.testStart) }
        var slot = 0
        for row in 0..<log.count where split.roles[row] == .streamed {
            let event = log[row]
            let history = log.events(of: event.user).prefix(event.position)
            let user = Self.user(fixture, history, inputs: input)
            if slot < count, split.queries[slot].row == row {
                for item in log.items.indices {
                    let known = model.row(of: log.items[item])
                    var vector = output[item]
                    if moving, touches[item] > 0 {
                        var moved = [Float](repeating: 0, count: d)
                        let base = output[item] ?? []
                        base.withUnsafeBufferPointer {
                            rule.vector(
                                base: base.isEmpty ? nil : $0.baseAddress, sum: sums[item], touches: touches[item],
                                known: known != nil, dimension: d, into: &moved)
                        }
                        vector = moved
                    }
                    guard let vector else {
                        #expect(rows[slot][item] == -.infinity)
                        continue
                    }
                    var expected = zip(user, vector).reduce(Float(0)) { $0 + $1.0 * $1.1 }
                    if moving {
                        // Popularity falls in steps: at a batch's start and at an item's touches.
                        let first = log[split.roles.firstIndex(of: .streamed) ?? 0].time
                        let elapsed = Double(max(first, pops[item].time) - pops[item].time)
                        let popularity = rule.decayed(pops[item].value, elapsed: elapsed)
                        expected += model.scale * rule.coordinate(popularity)
                    }
                    if sparse, let known, let table = model.channels.sparse?.table {
                        for (k, row) in history.reversed().prefix(SparseChannel.depth).enumerated() {
                            guard let own = model.row(of: log.items[Int(log.item(at: row))]) else { continue }
                            for entry in Int(table.starts[own])..<Int(table.starts[own + 1])
                            where Int(table.columns[entry]) == known {
                                expected +=
                                    2 * (0..<k).reduce(Float(1)) { factor, _ in factor * 0.7 } * table.values[entry]
                            }
                        }
                    }
                    #expect(abs(rows[slot][item] - expected) < 2e-4 * max(1, abs(expected)))
                }
                slot += 1
            }
            let item = Int(event.item)
            pops[item].value =
                rule.decayed(pops[item].value, elapsed: Double(max(0, event.time - pops[item].time))) + 1
            pops[item].time = max(pops[item].time, event.time)
            if !history.isEmpty, !history.contains(where: { log.item(at: $0) == event.item }) {
                for i in 0..<d { sums[item][i] += user[i] / model.scale }
                touches[item] += 1
            }
        }
        #expect(slot == count)
    }
}
