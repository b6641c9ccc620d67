import Commerce
import Foundation
import LinearAlgebra
import Testing
import TwoTower

/// What a training that starts from a checkpoint begins with: the checkpoint's rows by name, and places for what is new.
@Suite struct WarmStartTests {
    private typealias Log = [(shopper: String, items: [String])]

    /// The tiny checkpoint's items i4, i2 and i0 in another order, new ones between them.
    private static let log: Log = [
        ("a", ["i4", "n0"]), ("b", ["n0", "i4"]), ("c", ["i2", "n0"]), ("d", ["n1", "n2"]), ("e", ["i0", "i2"]),
    ]
    private static let tokens = ["w:new", "q:7", "w:a", "w:unseen"]
    private static let attributes = ["age=30-39", "city=x"]
    private static let columns = [VectorColumn(name: "image", width: 3), VectorColumn(name: "text", width: 4)]

    /// A start from the tiny checkpoint, with the layouts before and after.
    private struct Start {
        let saved: CheckpointTests.Saved
        let items: [ItemID]
        let histories: Histories
        let bags: FeatureBags
        let layout: TowerLayout
        let parameters: FloatBuffer

        var old: TowerLayout { saved.checkpoint.model.layout }

        init(_ userTower: UserTower = .sequential) throws {
            saved = try CheckpointTests.Saved(userTower)
            var log = TrainingLog()
            for (shopper, items) in WarmStartTests.log {
                for (time, item) in items.enumerated() {
                    log.append(
                        shopper: .known(shopper), item: ItemID(item), action: .browse,
                        time: EventTime(milliseconds: Int64(time)))
                }
            }
            items = log.items
            histories = Histories(log)
            let records = items.enumerated().map { row, item in
                CatalogueItem(item: item, vectors: ["text": [1, Float(row), 0, -1], "image": [1, 2, Float(row)]])
            }
            bags = FeatureBags(
                items.map { ItemBag([[$0 == ItemID("n1") ? 1 : 0], [2], [], [], []]) },
                vectors: try WarmStartTests.columns.map { try SuppliedVectors($0, of: records) })
            layout = TowerLayout(
                TowerShape(
                    items: items.count, tokens: WarmStartTests.tokens.count,
                    attributes: WarmStartTests.attributes.count, vectors: WarmStartTests.columns, dimension: 16,
                    userTower: userTower, blocks: 2, hidden: 16))
            let start = try WarmStart(
                saved.checkpoint, items: items, tokens: WarmStartTests.tokens, attributes: WarmStartTests.attributes)
            parameters = start.parameters(
                layout: layout, histories: histories,
                cooccurrence: Cooccurrence(histories, items: items.count), bags: bags, seed: 1)
        }

        /// A row of one of the new tensors.
        func row(_ row: Int, _ tensor: Tensor) -> [Float] {
            Array(UnsafeBufferPointer(start: parameters.pointer + tensor.offset + row * 16, count: 16))
        }

        /// The row of an item by name.
        func item(_ name: String) throws -> [Float] {
            row(try #require(items.firstIndex(of: ItemID(name))), layout.itemEmbedding)
        }

        /// A row of one of the checkpoint's tensors.
        func known(_ row: Int, _ tensor: Tensor) -> [Float] {
            let pointer = saved.checkpoint.model.parameters.pointer
            return Array(UnsafeBufferPointer(start: pointer + tensor.offset + row * 16, count: 16))
        }
    }

    private static func length(_ vector: [Float]) -> Float { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    @Test(arguments: UserTower.allCases) func whatIsKnownIsCopiedByName(userTower: UserTower) throws {
        let start = try Start(userTower)
        for row in [4, 2, 0] { #expect(try start.item("i\(row)") == start.known(row, start.old.itemEmbedding)) }
        let (tokens, attributes) = (start.layout.tokenEmbedding, start.layout.attributeEmbedding)
        #expect(start.row(1, tokens) == start.known(5, start.old.tokenEmbedding))
        #expect(start.row(2, tokens) == start.known(0, start.old.tokenEmbedding))
        #expect(start.row(0, attributes) == start.known(2, start.old.attributeEmbedding))
        #expect(start.row(1, attributes).allSatisfy { $0 == 0 }, "a new attribute")
        let others = start.layout.tensors.filter {
            ![start.layout.itemEmbedding, tokens, attributes, start.layout.projections[1]].contains($0)
        }
        #expect(others.count > 12)
        for tensor in others {
            let source = try #require(start.old.tensors.first { $0.name == tensor.name })
            let known = start.saved.checkpoint.model.parameters.pointer + source.offset
            #expect((0..<tensor.count).allSatisfy { start.parameters.pointer[tensor.offset + $0] == known[$0] })
        }
    }

    @Test func newItemsBeginAmongTheirNeighbours() throws {
        let start = try Start()
        let known = try ["i4", "i2", "i0"].map { try start.item($0) }
        let usual = known.map(Self.length).reduce(0, +) / 3
        // Twice beside i4, once beside i2.
        let mean = zip(known[0], known[1]).map { 2 * $0 + $1 }
        let new = try start.item("n0")
        let cosine = zip(mean, new).reduce(0) { $0 + $1.0 * $1.1 } / (Self.length(mean) * Self.length(new))
        #expect(cosine > 0.97 && cosine < 1)
        #expect(abs(Self.length(new) / usual - 1) < 0.2)
        for name in ["n1", "n2"] {
            let alone = Self.length(try start.item(name)) / usual
            #expect(alone > 0.02 && alone < 0.3, "\(name), which has no known neighbour: \(alone)")
        }
    }

    @Test func newFeaturesBeginAtWhatTheirItemsAre() throws {
        let start = try Start()
        // Of all items but n1, new ones among them.
        let items = try ["i4", "n0", "i2", "n2", "i0"].map { try start.item($0) }
        let mean = (0..<16).map { i in items.reduce(0) { $0 + $1[i] } / 5 }
        #expect(relativeDistance(start.row(0, start.layout.tokenEmbedding), mean) < 1e-6)
        #expect(start.row(3, start.layout.tokenEmbedding).allSatisfy { $0 == 0 }, "no item has this token")
        // A column of another width than the checkpoint's begins as in a cold start.
        let cold = start.parameters.copy()
        let column = start.layout.projections[1]
        (cold.pointer + column.offset).update(repeating: 0, count: column.count)
        ProjectionStart.fill(start.layout, start.histories, start.bags, cold.pointer)
        let range = column.offset..<column.offset + column.count
        #expect(range.allSatisfy { cold.pointer[$0] == start.parameters.pointer[$0] })
        #expect(range.contains { cold.pointer[$0] != 0 })
    }

    @Test func aCheckpointThatCannotBeTrainedIsRefused() throws {
        let saved = try CheckpointTests.Saved()
        try saved.replace("model.json", "\"dropout\" : 0.5", with: "\"dropout\" : 1.5")
        let checkpoint = try Checkpoint(directory: saved.directory)
        let error = try #require(throws: TrainingError.self) {
            try Trainer.train(TrainingTests.ring(shoppers: 20), settings: TrainingSettings(), from: checkpoint)
        }
        #expect(error.code == .badStart)
        #expect(error.reason.contains("cannot be trained: dropout is 1.5, must be 0.0 to 0.9; train anew without it"))
    }

    @Test func aCheckpointOfAnotherShopIsRefused() throws {
        let checkpoint = try CheckpointTests.Saved().checkpoint
        let error = try #require(throws: TrainingError.self) {
            try Trainer.train(RefreshTests.strangers, settings: TrainingSettings(), from: checkpoint)
        }
        #expect(error.code == .badStart)
        #expect(error.reason.hasPrefix("none of the 6 items of the checkpoint to start from is in the events: "))
    }
}
