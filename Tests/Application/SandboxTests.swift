import Application
import Commerce
import Foundation
import LinearAlgebra
import Streaming
import Testing
import TwoTower

/// A service with surroundings of its own, as the demo and the benchmark run it.
@Suite(.enabled(if: LookShop.hasRedis, LookShop.reason)) struct SandboxTests {
    /// So many items that their index has lists, and users to tune it by.
    private static func model(items: Int, dimension: Int) -> Model {
        var random = SplitMix64(seed: 5)
        let layout = TowerLayout(TowerShape(items: items, tokens: 1, dimension: dimension, blocks: 1, hidden: 32))
        func numbers(_ count: Int) -> FloatBuffer {
            let buffer = FloatBuffer(count: count)
            for place in 0..<count { buffer.pointer[place] = Float.random(in: -0.3...0.3, using: &random) }
            return buffer
        }
        return Model(
            version: "made-up", layout: layout, parameters: numbers(layout.count),
            itemVectors: numbers(items * dimension), audience: numbers(200 * dimension),
            vocabulary: FeatureVocabulary(tokens: ["w:oak"]), items: (0..<items).map { ItemID("item-\($0)") })
    }

    /// The folder of `model.path` is somebody's checkpoint, not that of the model at hand.
    @Test func aModelOfItsOwnLeavesNoPlanInTheConfiguredFolder() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let sandbox = try Sandbox(
            partitions: 1,
            flags: ["--model-path", folder.path, "--retrieval-recall", "0.8", "--log-level", "error"])
        defer { sandbox.close() }
        sandbox.start(Self.model(items: 9000, dimension: 16))
        let pause = Wake()
        let lists = sandbox.registry.gauge("breadcrumb_index_lists", "Lists of the index; 1 is a flat scan.")
        while lists.value == 0, !sandbox.hasEnded { pause.wait(upTo: .milliseconds(10)) }
        try sandbox.finish()
        #expect(lists.value > 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }
}
