import Commerce
import LinearAlgebra
import Streaming
import TwoTower

/// A made-up shop whose shoppers have sessions and attributes, with a model of random weights and a sparse channel.
struct HistoryShop {
    private static let (items, dimension, events) = (400, 32, 30)

    let model: Model
    let shoppers: [Shopper]
    /// The factor on cosine scores.
    let scale: Float
    private let log: [Event]
    private let layout: TowerLayout
    private let parameters: FloatBuffer
    private let histories: Histories

    static func item(_ row: Int) -> ItemID { ItemID("i\(row)") }

    init(seed: UInt64 = 3) throws {
        var random = SplitMix64(seed: seed)
        let shoppers = (0..<80).map { Shopper.known("u\($0)") }
        self.shoppers = shoppers
        var log: [Event] = []
        // An event on each item by a shopper of its own first, so that rows of the log are those of the model.
        for row in 0..<Self.items { log.append(Self.event(.known("first"), row, time: Int64(row), &random)) }
        for number in 0..<shoppers.count * Self.events {
            let row = Int(random.uniform() * Double(Self.items))
            log.append(
                Self.event(
                    shoppers[number % shoppers.count], row, time: 1_000_000 + Int64(number) * 20_000, &random))
        }
        self.log = log
        var training = TrainingLog()
        for event in log { training.append(event) }
        let histories = Histories(training)
        self.histories = histories
        let layout = TowerLayout(
            TowerShape(
                items: Self.items, tokens: 1, attributes: histories.attributes.tokens.count, dimension: Self.dimension,
                blocks: 2, hidden: 64))
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<layout.count { parameters.pointer[index] = Float(random.uniform() * 0.4 - 0.2) }
        for block in layout.blocks {
            for gain in [block.recurrence?.gateNorm, block.feedNorm].compactMap(\.self) {
                for place in 0..<gain.count { parameters.pointer[gain.offset + place] = 1 }
            }
        }
        parameters.pointer[layout.logScale.offset] = 2.5
        let vectors = FloatBuffer(count: Self.items * Self.dimension)
        for row in 0..<Self.items {
            let vector = vectors.pointer + row * Self.dimension
            for column in 0..<Self.dimension { vector[column] = Float(random.normal()) }
            _ = ItemTower.normalise(vector, dimension: Self.dimension)
        }
        let cooccurrence = NeighbourTable.random(Self.items, &random)
        let settings = SparseChannel.Settings(
            weight: 4, decay: 0.8, neighbours: NeighbourTable.Rule(damping: 0))
        model = Model(
            version: "history", layout: layout, parameters: parameters, itemVectors: vectors,
            vocabulary: FeatureVocabulary(tokens: ["w:a"]), attributes: histories.attributes,
            items: (0..<Self.items).map(Self.item),
            channels: TrainedChannels(
                Channels(sparse: settings), sparse: SparseChannel(settings: settings, table: cooccurrence),
                popularity: [], time: 0))
        (self.layout, self.parameters) = (layout, parameters)
        var scale: [Float] = [2.5]
        var span = scale.mutableSpan
        Kernels.exp(&span)
        self.scale = scale[0]
    }

    private static func event(_ shopper: Shopper, _ row: Int, time: Int64, _ random: inout SplitMix64) -> Event {
        let number = Int(random.uniform() * 6)
        return Event(
            action: Action.allCases[Int(random.uniform() * 4)], shopper: shopper, item: item(row),
            time: EventTime(milliseconds: 1_704_067_200_000 + time), sessionID: number > 0 ? "s\(number)" : nil,
            attributes: number < 4 ? ["country": ["nl", "be", "de", "xx"][number], "segment": "s\(number % 2)"] : [:])
    }

    /// The log as the stream takes it.
    func records() throws -> [LogRecord] {
        try log.enumerated().map { offset, event in
            LogRecord(
                partition: PartitionIndex(0), offset: Offset(Int64(offset)), timestamp: event.time, key: event.key,
                value: try event.encoded())
        }
    }

    /// What the shopper has bought.
    func bought(_ shopper: Shopper) -> Set<ItemID> {
        Set(log.filter { $0.shopper == shopper && $0.action == .purchase }.map(\.item))
    }

    /// What the shopper has put into the cart since it was last taken out or bought.
    func cart(_ shopper: Shopper) -> Set<ItemID> {
        var last: [ItemID: Action] = [:]
        for event in log where event.shopper == shopper && event.action != .browse { last[event.item] = event.action }
        return Set(last.filter { $0.value == .cart }.keys)
    }

    /// All items' scores by the batch encoder over the shopper's whole history, in fp32 throughout.
    func batchScores(of shopper: Shopper) -> [Float] {
        let order = [Shopper.known("first")] + shoppers
        guard let row = order.firstIndex(of: shopper) else { return [] }
        let range = histories.events(of: row)
        var sequence = PackedSequences()
        for event in range { sequence.append(event, of: histories, item: histories.items[event]) }
        sequence.starts = [0, range.count]
        let pass = SequencePass(layout: layout, capacity: range.count, dropout: 0)
        pass.forward(sequence, vectors: model.itemVectors.pointer, parameters: parameters.pointer, generator: nil)
        let user = pass.output.pointer + (range.count - 1) * Self.dimension
        _ = ItemTower.normalise(user, dimension: Self.dimension)
        return added(
            (0..<Self.items).map { item in
                let vector = model.trainedOutput(item)
                return scale * (0..<Self.dimension).reduce(0) { $0 + user[$1] * vector[$1] }
            }, last: range.reversed().map { Int(histories.items[$0]) })
    }

    /// All items' scores by a stored record.
    func scores(_ record: ShopperRecord) -> [Float] {
        let state = record.state.values.map { Float($0) }
        var user = [Float](repeating: 0, count: Self.dimension)
        state.withUnsafeBufferPointer { state in
            user.withUnsafeMutableBufferPointer { user in
                guard let from = state.baseAddress, let to = user.baseAddress else { return }
                model.readout(states: from, count: 1, into: to)
            }
        }
        return added(
            (0..<Self.items).map { Kernels.dot(user.span, model.trainedOutput($0).span) },
            last: record.entries.reversed().map { model.row(of: $0.item) })
    }

    private func added(_ dense: [Float], last: [Int?]) -> [Float] {
        guard let channel = model.channels.sparse else { return dense }
        var scores = dense
        for (row, extra) in channel.scores(ofLast: last, scratch: channel.makeScratch()) { scores[Int(row)] += extra }
        return scores
    }
}

extension NeighbourTable {
    /// A few random neighbours of each item.
    fileprivate static func random(_ items: Int, _ random: inout SplitMix64) -> NeighbourTable {
        var (starts, columns, values): ([Int32], [Int32], [Float]) = ([0], [], [])
        for _ in 0..<items {
            for column in 0..<items where random.uniform() < 0.05 {
                columns.append(Int32(column))
                values.append(Float(0.01 + 0.9 * random.uniform()))
            }
            starts.append(Int32(columns.count))
        }
        return NeighbourTable(starts: starts, columns: columns, values: values)
    }
}
