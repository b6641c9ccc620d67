import Application
import Commerce
import Foundation
import LinearAlgebra
import Streaming
import TwoTower

/// A made-up shop that is the same at every run: a model, and a stream of events.
///
/// The model is of trained shape with random weights, or has the towers of a checkpoint: only among the items of a trained
/// tower has an index clusters to find. Shoppers are drawn evenly or by Zipf's law with exponent 1, so that a few make most of the
/// events. Beside a checkpoint each of them does what the real shoppers of its shop did, one real shopper after another from a place of
/// its own on; otherwise items are drawn by Zipf's law.
struct SyntheticShop {
    /// d, blocks and hidden units of a model as `breadcrumb train` makes it by default.
    static let shape = (dimension: 64, blocks: 1, hidden: 128)
    /// Bytes of an event's JSON: the contract's fields, filled up with a field that the decoder passes over.
    static let payloadBytes = 300

    /// With a sparse channel: the checkpoint's, or one in which each item has the most neighbours that a table keeps.
    let model: Model
    /// The same model without the channel: what lists cost before it.
    let denseModel: Model
    private let items: ZipfLaw
    /// Items in the order in which real shoppers touched them; empty without a checkpoint.
    private let courses: [Int32]
    private let shoppers: Int
    /// Nil where shoppers are drawn evenly.
    private let activity: ZipfLaw?

    /// - Parameters:
    ///   - hasZipfActivity: whether few shoppers make most of the events.
    ///   - trained: towers to serve in place of random ones.
    init(items: Int, shoppers: Int, hasZipfActivity: Bool = false, trained: RetrievalVectors? = nil) {
        self.shoppers = shoppers
        self.items = ZipfLaw(items)
        courses = trained.map { Self.courses(of: $0, items: items) } ?? []
        activity = hasZipfActivity ? ZipfLaw(shoppers) : nil
        var random = SplitMix64(seed: 1)
        let towers = trained.map { Self.towers(of: $0, items: items) } ?? Self.randomTowers(items: items, &random)
        func model(_ channels: TrainedChannels) -> Model {
            Model(
                version: "synthetic", layout: towers.layout, parameters: towers.parameters,
                itemVectors: towers.vectors, audience: towers.audience,
                vocabulary: FeatureVocabulary(tokens: ["w:nothing"]), items: (0..<items).map { ItemID("item-\($0)") },
                channels: channels)
        }
        self.model = model(
            trained.flatMap { Self.channels(of: $0, items: items) } ?? Self.channels(items: items, &random))
        denseModel = model(.none)
    }

    private typealias Towers = (
        layout: TowerLayout, parameters: FloatBuffer, vectors: FloatBuffer, audience: FloatBuffer
    )

    private static func randomTowers(items: Int, _ random: inout SplitMix64) -> Towers {
        let dimension = shape.dimension
        let layout = TowerLayout(
            TowerShape(items: items, tokens: 1, dimension: dimension, blocks: shape.blocks, hidden: shape.hidden))
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<layout.count { parameters.pointer[index] = Float(0.6 * random.uniform() - 0.3) }
        let vectors = FloatBuffer(count: items * dimension)
        for row in 0..<items {
            for column in 0..<dimension { vectors.pointer[row * dimension + column] = Float(random.normal()) }
            _ = ItemTower.normalise(vectors.pointer + row * dimension, dimension: dimension)
        }
        return (layout, parameters, vectors, FloatBuffer(count: 0))
    }

    /// The sequence tower of a checkpoint over as many items as are wanted, made from the checkpoint's.
    private static func towers(of trained: RetrievalVectors, items: Int) -> Towers {
        let known = trained.model.layout
        var shape = known.shape
        (shape.items, shape.tokens, shape.attributes, shape.vectors) = (items, 1, 0, [])
        let layout = TowerLayout(shape)
        let parameters = FloatBuffer(count: layout.count)
        for tensor in layout.tensors {
            guard let source = known.tensors.first(where: { $0.name == tensor.name && $0.shape == tensor.shape }) else {
                continue
            }
            (parameters.pointer + tensor.offset).update(
                from: trained.model.parameters.pointer + source.offset, count: tensor.count)
        }
        func buffer(_ values: some Collection<Float>) -> FloatBuffer {
            let buffer = FloatBuffer(count: values.count)
            for (place, value) in values.enumerated() { buffer.pointer[place] = value }
            return buffer
        }
        return (
            layout, parameters, buffer(trained.items(items)), buffer(trained.users.prefix(1024 * trained.dimension))
        )
    }

    /// A sparse channel whose neighbours are drawn evenly: few are shared, so a list has the most extra scores that it can.
    private static func channels(items: Int, _ random: inout SplitMix64) -> TrainedChannels {
        var (starts, columns, values): ([Int32], [Int32], [Float]) = ([0], [], [])
        for _ in 0..<items {
            let row = Set((0..<NeighbourTable.width).map { _ in Int32(random.uniform() * Double(items)) })
            columns += row.sorted()
            for _ in row { values.append(Float(0.001 + 0.05 * random.uniform())) }
            starts.append(Int32(columns.count))
        }
        let settings = SparseChannel.Settings(
            weight: 20, decay: 0.8, neighbours: NeighbourTable.Rule(damping: 0))
        return TrainedChannels(
            Channels(sparse: settings),
            sparse: SparseChannel(
                settings: settings, table: NeighbourTable(starts: starts, columns: columns, values: values)),
            popularity: [], time: 0)
    }

    /// The real courses, without the real items that a smaller shop lacks.
    private static func courses(of trained: RetrievalVectors, items: Int) -> [Int32] {
        let numbers = numbers(of: trained, items: items)
        return trained.courses.compactMap { numbers[Int($0)] }
    }

    /// For each real item its number in a shop of so many; nil where the shop lacks it.
    private static func numbers(of trained: RetrievalVectors, items: Int) -> [Int32?] {
        var numbers = [Int32?](repeating: nil, count: trained.model.items.count)
        for item in (0..<items).reversed() { numbers[trained.source(of: item, among: items)] = Int32(item) }
        return numbers
    }

    /// A checkpoint's sparse channel over another number of items: further ones have the neighbourhoods of the real ones that they were
    /// made from, each among its own kind. Nil if it has none.
    private static func channels(of trained: RetrievalVectors, items: Int) -> TrainedChannels? {
        guard let sparse = trained.model.channels.sparse else { return nil }
        let (real, table) = (trained.model.items.count, sparse.table)
        let numbers = numbers(of: trained, items: items)
        var (starts, columns, values): ([Int32], [Int32], [Float]) = ([0], [], [])
        for item in 0..<items {
            let (source, copy) = (trained.source(of: item, among: items), Int32(item / real * real))
            for entry in Int(table.starts[source])..<Int(table.starts[source + 1]) {
                guard let column = numbers[Int(table.columns[entry])], column + copy < items else { continue }
                columns.append(column + copy)
                values.append(table.values[entry])
            }
            starts.append(Int32(columns.count))
        }
        return TrainedChannels(
            Channels(sparse: sparse.settings),
            sparse: SparseChannel(
                settings: sparse.settings, table: NeighbourTable(starts: starts, columns: columns, values: values)),
            popularity: [], time: 0)
    }

    /// An event, encoded, with its key.
    struct Record: ContractRecord {
        let key: [UInt8]
        let value: [UInt8]

        func encoded() -> [UInt8] { value }
    }

    /// The events of these numbers; an event is the same whatever is asked for beside it.
    func events(_ numbers: Range<Int>) throws -> [Record] {
        try numbers.map { number in
            var random = SplitMix64(seed: 2, streams: number)
            let (action, shopper) = (Self.action(random.uniform()), shopper(random.uniform()))
            let event = Event(
                eventID: "event-\(number)", action: action, shopper: .known("shopper-\(shopper)"),
                item: model.items[item(of: shopper, at: number, chance: random.uniform())],
                time: EventTime(milliseconds: 1_704_067_200_000 + Int64(number) * 10),
                sessionID: "session-\(number / 10)", price: Double(Int(random.uniform() * 10_000)) / 100,
                currency: "EUR")
            return Record(key: event.key, value: SyntheticShop.filledUp(try event.encoded()))
        }
    }

    /// 85 % browse, 9 % cart, 1 % taken out again, 5 % bought.
    private static func action(_ chance: Double) -> Action {
        switch chance {
        case ..<0.85: .browse
        case ..<0.94: .cart
        case ..<0.95: .cartRemoval
        default: .purchase
        }
    }

    private func shopper(_ chance: Double) -> Int { activity?.rank(chance) ?? Int(chance * Double(shoppers)) }

    /// A shopper's item at an event: as far along the real courses as the shopper is expected to have come.
    private func item(of shopper: Int, at number: Int, chance: Double) -> Int {
        guard !courses.isEmpty else { return items.rank(chance) }
        let share = activity?.share(of: shopper) ?? 1 / Double(shoppers)
        return Int(courses[(shopper * courses.count / shoppers + Int(Double(number) * share)) % courses.count])
    }

    private static func filledUp(_ json: [UInt8]) -> [UInt8] {
        let (before, after) = (Array(#","context":""#.utf8), Array(#""}"#.utf8))
        let missing = payloadBytes - (json.count - 1) - before.count - after.count
        guard missing >= 0 else { return json }
        return json.dropLast() + before + [UInt8](repeating: UInt8(ascii: "x"), count: missing) + after
    }
}

/// Ranks 0, 1, … of which each is drawn as often as 1 / (rank + 1) says.
struct ZipfLaw {
    /// The sum of 1 / (rank + 1) up to each.
    private let weights: [Double]

    init(_ count: Int) {
        var sum = 0.0
        weights = (1...count).map { rank in
            sum += 1 / Double(rank)
            return sum
        }
    }

    /// How often a rank is drawn among all.
    func share(of rank: Int) -> Double { 1 / Double(rank + 1) / (weights.last ?? 1) }

    /// The rank at a place from 0 to 1 of all that is drawn.
    func rank(_ chance: Double) -> Int {
        let wanted = chance * (weights.last ?? 0)
        var (low, high) = (0, weights.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if weights[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
