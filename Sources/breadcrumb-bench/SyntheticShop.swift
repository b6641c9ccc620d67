import Application
import Commerce
import Foundation
import LinearAlgebra
import Streaming
import TwoTower

/// A made-up shop that is the same at every run: a model of trained shape with random weights, and a stream of events.
///
/// Costs do not depend on what the weights are. Shoppers are drawn evenly; items by Zipf's law with exponent 1, so a few
/// items make most of the events, as in a real shop.
struct SyntheticShop {
    /// d, blocks and hidden units of a model as `breadcrumb train` makes it by default.
    static let shape = (dimension: 64, blocks: 1, hidden: 128)
    /// Bytes of an event's JSON: the contract's fields, filled up with a field that the decoder passes over.
    static let payloadBytes = 300

    /// With a sparse channel, as training usually chooses one: each item has the most neighbours that a table keeps.
    let model: Model
    /// The same model without the channel: what lists cost before it.
    let denseModel: Model
    private let shoppers: Int
    /// The sum of 1/rank up to each item.
    private let weights: [Double]

    init(items: Int, shoppers: Int) {
        self.shoppers = shoppers
        var random = SplitMix64(seed: 1)
        let dimension = SyntheticShop.shape.dimension
        let layout = TowerLayout(
            TowerShape(
                items: items, tokens: 1, dimension: dimension, blocks: SyntheticShop.shape.blocks,
                hidden: SyntheticShop.shape.hidden))
        let parameters = FloatBuffer(count: layout.count)
        for index in 0..<layout.count { parameters.pointer[index] = Float(0.6 * random.uniform() - 0.3) }
        let vectors = FloatBuffer(count: items * dimension)
        for row in 0..<items {
            for column in 0..<dimension { vectors.pointer[row * dimension + column] = Float(random.normal()) }
            _ = ItemTower.normalise(vectors.pointer + row * dimension, dimension: dimension)
        }
        func model(_ channels: TrainedChannels) -> Model {
            Model(
                version: "synthetic", layout: layout, parameters: parameters, itemVectors: vectors,
                vocabulary: FeatureVocabulary(tokens: ["w:nothing"]), items: (0..<items).map { ItemID("item-\($0)") },
                channels: channels)
        }
        self.model = model(SyntheticShop.channels(items: items, &random))
        denseModel = model(.none)
        var sum = 0.0
        weights = (1...items).map { rank in
            sum += 1 / Double(rank)
            return sum
        }
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
            let event = Event(
                eventID: "event-\(number)", action: SyntheticShop.action(random.uniform()),
                shopper: .known("shopper-\(Int(random.uniform() * Double(shoppers)))"), item: item(random.uniform()),
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

    private func item(_ chance: Double) -> ItemID {
        let wanted = chance * (weights.last ?? 0)
        var (low, high) = (0, weights.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if weights[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return model.items[low]
    }

    private static func filledUp(_ json: [UInt8]) -> [UInt8] {
        let (before, after) = (Array(#","context":""#.utf8), Array(#""}"#.utf8))
        let missing = payloadBytes - (json.count - 1) - before.count - after.count
        guard missing >= 0 else { return json }
        return json.dropLast() + before + [UInt8](repeating: UInt8(ascii: "x"), count: missing) + after
    }
}
