import Bytes
import Commerce
import JSON
import LinearAlgebra
import Observability
import Streaming
import TwoTower

/// A small shop for tests: a model with random weights, a catalogue, a random log of events.
struct Shop {
    let model: Model
    let catalogue: LiveCatalogue
    let registry = MetricRegistry()

    init(seed: UInt64 = 1, items: Int = 60, version: String = "m1") throws {
        model = Shop.model(seed: seed, items: items, version: version)
        catalogue = try LiveCatalogue(model: model)
    }

    static func item(_ index: Int) -> ItemID { ItemID("i\(index)") }

    /// A model of `items` known items and the words `w:red`, `w:blue`; weights uniform in ±0.3, and a sparse channel.
    static func model(seed: UInt64, items: Int, version: String) -> Model {
        var random = Simulation.Random(state: seed)
        let layout = TowerLayout(
            TowerShape(items: items, tokens: 2, attributes: 2, dimension: 16, blocks: 1, hidden: 32))
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<layout.count { parameters.pointer[index] = Float.random(in: -0.3...0.3, using: &random) }
        let vectors = FloatBuffer(count: items * 16)
        for row in 0..<items {
            for column in 0..<16 { vectors.pointer[row * 16 + column] = Float.random(in: -1...1, using: &random) }
            _ = ItemTower.normalise(vectors.pointer + row * 16, dimension: 16)
        }
        return Model(
            version: version, layout: layout, parameters: parameters, itemVectors: vectors,
            vocabulary: FeatureVocabulary(tokens: ["w:red", "w:blue"]),
            attributes: AttributeVocabulary(tokens: ["country=nl", "country=be"]), items: (0..<items).map(item),
            channels: channels(&random, items: items))
    }

    /// A random quarter of all items beside each.
    private static func channels(_ random: inout Simulation.Random, items: Int) -> TrainedChannels {
        var (starts, columns, values): ([Int32], [Int32], [Float]) = ([0], [], [])
        for _ in 0..<items {
            for column in 0..<items where Int.random(in: 0..<4, using: &random) == 0 {
                columns.append(Int32(column))
                values.append(.random(in: 0.01...1, using: &random))
            }
            starts.append(Int32(columns.count))
        }
        let settings = SparseChannel.Settings(
            weight: 1.5, decay: 0.7, neighbours: NeighbourTable.Rule(damping: 0.5))
        return TrainedChannels(
            Channels(sparse: settings),
            sparse: SparseChannel(
                settings: settings, table: NeighbourTable(starts: starts, columns: columns, values: values)),
            popularity: [], time: 0)
    }

    func settings(
        history: Int = 12, window: Int = 4, purchases: Int = 256, idle: Int64? = nil, size: Int = 5,
        refresh: ShopperSettings.Refresh = .batch, rules: ListRules = ListRules(), market: String? = nil
    ) -> ShopperSettings {
        ShopperSettings(
            historyLength: history, eventIDWindow: window, purchaseMemory: purchases, idleExpiry: idle, listSize: size,
            refresh: refresh, rules: rules, topic: "events", marketAttribute: market)
    }

    func stage(_ settings: ShopperSettings) -> ShopperStage {
        ShopperStage(
            model: model, catalogue: catalogue, settings: settings, configuration: "c1", decoder: EventDecoder(),
            letterLimit: 1_000,
            metrics: ShopperMetrics(registry, clock: { EventTime(milliseconds: 2_000_000_000_000) }))
    }

    /// 2024-01-01T00:00:00Z in milliseconds.
    static let start: Int64 = 1_704_067_200_000

    static func record(_ offset: Int64, _ event: Event) throws -> LogRecord {
        LogRecord(
            partition: PartitionIndex(0), offset: Offset(offset),
            timestamp: EventTime(milliseconds: start + 86_400_000 + offset),
            key: Array(event.shopper.id.utf8), value: try event.encoded())
    }

    static func event(
        _ shopper: String, _ item: Int, _ action: Action = .browse, at second: Int64 = 0, id: String? = nil
    ) -> Event {
        Event(
            eventID: id, action: action, shopper: .known(shopper), item: Shop.item(item),
            time: EventTime(milliseconds: start + second * 1_000))
    }

    /// A log of random events: some of unknown items, some repeated, some of anonymous shoppers, some broken.
    static func log(_ count: Int, seed: UInt64, items: Int = 60) throws -> [LogRecord] {
        var random = Simulation.Random(state: seed)
        return try (0..<Int64(count)).map { offset in
            let number = Int.random(in: 0..<9, using: &random)
            var event = event(
                "u\(number)", Int.random(in: 0..<(items + 10), using: &random),
                Action.allCases[Int.random(in: 0..<4, using: &random)],
                at: offset + Int64.random(in: -30...0, using: &random),
                id: "e\(Int.random(in: 0..<Int(count), using: &random))")
            if number == 0 { event.shopper = .anonymous("u1") }
            if number > 4 { event.sessionID = "s\(offset / 20)" }
            if number > 6 { event.attributes = ["country": number == 7 ? "NL" : offset < 99 ? "be" : "xx"] }
            var record = try record(offset, event)
            if Int.random(in: 0..<25, using: &random) == 0 { record.value = Array("{".utf8) }
            return record
        }
    }

    /// Runs the log through the engine and returns what it left.
    func run(
        _ log: [LogRecord], _ settings: ShopperSettings, batch: Int, cached: Int = 100,
        store: MemoryStateStore = MemoryStateStore()
    ) throws -> (states: [StateKey: [UInt8]], output: [OutputRecord]) {
        let sink = MemorySink()
        let partition = PartitionIndex(0)
        let claim = try store.claim(partition, nonce: Nonce(rawValue: 1), partitionCount: 1)
        let position = claim.position ?? Position(next: Offset(0), last: nil)
        let worker = PartitionWorker(
            claim: claim, position: position, verifying: false, source: MemorySource(log, from: position.next),
            store: store, sink: sink, stage: stage(settings), lease: Lease(isFresh: { true }),
            limits: .init(batch: batch, batchesInFlight: 2, cachedStates: cached))
        var progress = worker.advance()
        while progress == .worked { progress = worker.advance() }
        guard progress == .idle else { throw StreamError(.permanent, "the worker ended with \(progress)") }
        return (store.contents(of: partition).values, sink.records)
    }

    /// The lists of an output by their identity.
    static func lists(_ output: [OutputRecord]) throws -> [String: [UInt8]] {
        let decoder = ListDecoder()
        var lists: [String: [UInt8]] = [:]
        for record in output where record.destination == .lists {
            let value = record.value ?? []
            lists[try decoder.decode(value).listID] = value
        }
        return lists
    }

    static func decode(_ output: [OutputRecord]) throws -> [RecommendationList] {
        let decoder = ListDecoder()
        return try output.filter { $0.destination == .lists }.map { try decoder.decode($0.value ?? []).list }
    }
}
