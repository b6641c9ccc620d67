import Commerce
import Datasets
import Evaluation
import Foundation
import LinearAlgebra
import Retrieval
import TwoTower

/// The vectors of a trained tower: a model's items, and its shoppers after their last events.
///
/// Index choices show on such vectors alone: those of a normal distribution have no clusters to find.
struct RetrievalVectors: Sendable {
    let model: Model
    let dimension: Int
    /// [real items, dimension]: unit vectors.
    let real: [Float]
    /// [users, dimension], each of another shopper.
    let users: [Float]
    /// The real items that shoppers touched, in their order, one shopper's after another's.
    let courses: [Int32]

    private static let mostUsers = 4096
    /// Real items of a cluster, within which further items are made.
    private static let clusterSize = 50

    /// Loads a model and walks through a shop's events.
    init(model path: String, events file: String) throws {
        let model = try Model.load(from: URL(fileURLWithPath: path))
        self.model = model
        var log: [Event] = []
        try DatasetReader<Event>.events(path: file).readAll { if case .success(let event) = $0 { log.append(event) } }
        log.sort { $0.time < $1.time }
        var histories: [Shopper: [Event]] = [:]
        for event in log { histories[event.shopper, default: []].append(event) }
        dimension = model.dimension
        real = Array(model.trainedOutputs)
        let shoppers = histories.filter { $0.value.count > 1 }.keys.sorted { $0.tagged < $1.tagged }
        courses = shoppers.flatMap { histories[$0, default: []].compactMap { model.row(of: $0.item).map(Int32.init) } }
        let step = max(1, shoppers.count / Self.mostUsers)
        let scratch = model.makeScratch()
        users = stride(from: 0, to: shoppers.count, by: step).prefix(Self.mostUsers).flatMap { place in
            Self.walk(model, histories[shoppers[place]] ?? [], scratch)
        }
    }

    /// The vector of a shopper after some events.
    private static func walk(_ model: Model, _ events: [Event], _ scratch: StepScratch) -> [Float] {
        var state = model.initialState
        var previous: EventTime?
        for event in events {
            let input = model.row(of: event.item).map { model.trainedInput($0) } ?? model.unknownInput
            let gap = previous.map { event.time.rawValue &- $0.rawValue }
            previous = event.time
            state.withUnsafeMutableBufferPointer {
                model.step([StepEvent(action: event.action, gap: gap)], states: $0, inputs: input, scratch: scratch)
            }
        }
        var vector = [Float](repeating: 0, count: model.dimension)
        vector.withUnsafeMutableBufferPointer { vector in
            if let target = vector.baseAddress { model.readout(states: state, count: 1, into: target) }
        }
        return vector
    }

    /// Of `count` items the number of the real one that item `item` is, or was made from.
    func source(of item: Int, among count: Int) -> Int {
        let have = real.count / dimension
        return count > have ? item % have : item * have / count
    }

    /// [count, dimension]: the real items first, then items between two real ones of one cluster, a third to half of the way,
    /// with noise of a tenth of their distance: a larger shop with the same departments.
    func items(_ count: Int) -> [Float] {
        let have = real.count / dimension
        guard count > have else {
            return (0..<count).flatMap { item in
                let source = source(of: item, among: count)
                return real[source * dimension..<(source + 1) * dimension]
            }
        }
        let clusters = max(1, have / Self.clusterSize)
        let partition = Partition.train(real.span, dimension: dimension, lists: clusters)
        let clusterOfItem = partition.lists(of: real.span).map(Int.init)
        var members = [[Int]](repeating: [], count: clusters)
        for (item, cluster) in clusterOfItem.enumerated() { members[cluster].append(item) }
        var random = SplitMix64(seed: 3)
        var items = real
        items.reserveCapacity(count * dimension)
        for item in have..<count {
            let parent = source(of: item, among: count)
            let other = members[clusterOfItem[parent]].randomElement(using: &random) ?? parent
            items += between(parent, other, &random)
        }
        return items
    }

    private func between(_ parent: Int, _ other: Int, _ random: inout SplitMix64) -> [Float] {
        let way = Float(1.0 / 3 + random.uniform() / 6)
        let (a, b) = (
            real[parent * dimension..<(parent + 1) * dimension], real[other * dimension..<(other + 1) * dimension]
        )
        let apart = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        let noise = 0.1 * max(apart, 0.1) / Float(dimension).squareRoot()
        let child = zip(a, b).map { $0 + way * ($1 - $0) + noise * Float(random.normal()) }
        let length = child.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
        return child.map { length > 0 ? $0 / length : 0 }
    }
}
