import Foundation
import LinearAlgebra
import Retrieval
import Streaming
import Synchronization
import Testing
import TwoTower

/// The plan of a checkpoint's index from one start to the next.
struct PlanFileTests {
    /// A folder, and what was said of the file in it.
    private final class Place: Sendable {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let complaints = Mutex<[String]>([])

        init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func file(_ purpose: IndexPlan.Purpose) -> PlanFile {
            PlanFile(folder: folder.path, for: purpose) { complaint in self.complaints.withLock { $0.append(complaint) }
            }
        }

        func start(_ model: Model, recall: Double) throws -> InvertedIndex {
            let purpose = IndexPlan.Purpose(model: model.version, recall: recall, k: 20)
            return try LiveCatalogue(model: model, recall: recall, file: file(purpose)).snapshot.index
        }
    }

    private static let model = LiveCatalogueTests.model(items: 9000)
    private static let purpose = IndexPlan.Purpose(model: "m1", recall: 0.8, k: 20)

    private func lists(of index: InvertedIndex) throws -> [[ScoredItem]] {
        try index.search(queries: Array(Self.model.audience.values).span, k: 20, scratch: index.makeScratch())
    }

    @Test func theNextStartTakesThePlanOfTheFile() throws {
        let place = try Place()
        let without = try LiveCatalogue(model: Self.model, recall: 0.8).snapshot.index
        let first = try place.start(Self.model, recall: 0.8)
        let url = place.folder.appendingPathComponent("index-0.8-20.plan")
        let written = try Data(contentsOf: url)
        let second = try place.start(Self.model, recall: 0.8)
        #expect(without.version.hasPrefix("inverted-"))
        #expect(first.version == without.version && second.version == without.version)
        #expect(try lists(of: second) == lists(of: without))
        // Another recall has another file, and the first one stays.
        let other = try place.start(Self.model, recall: 0.9)
        #expect(other.version != first.version)
        #expect(try Data(contentsOf: url) == written)
        // It is the file that is read: with the other plan in it, that one is in force.
        let plan = try IndexPlan.make(
            for: without, users: Array(Self.model.audience.values), recall: 0.9
        ).plan
        try Data(plan.bytes(for: Self.purpose)).write(to: url)
        #expect(try place.start(Self.model, recall: 0.8).version == other.version)
        #expect(place.complaints.withLock { $0 } == [])
    }

    @Test func aDamagedFileIsMadeAnew() throws {
        let place = try Place()
        let version = try place.start(Self.model, recall: 0.8).version
        let url = place.folder.appendingPathComponent("index-0.8-20.plan")
        let written = try Data(contentsOf: url)
        for damage in [Data(), written.prefix(written.count / 2), written + [0], Data("not a plan".utf8)] {
            try damage.write(to: url)
            #expect(try place.start(Self.model, recall: 0.8).version == version)
            #expect(try Data(contentsOf: url) == written)
            let complaints = place.complaints.withLock { complaints in
                defer { complaints = [] }
                return complaints
            }
            #expect(
                complaints.count == 1 && complaints.allSatisfy { $0.contains(url.path) && $0.contains("made anew") })
        }
    }

    @Test func aPlanOfAnotherCheckpointIsReplaced() throws {
        let place = try Place()
        let version = try place.start(Self.model, recall: 0.8).version
        let url = place.folder.appendingPathComponent("index-0.8-20.plan")
        let written = try Data(contentsOf: url)
        let plan = try #require(try IndexPlan(bytes: Array(written), for: Self.purpose))
        try Data(plan.bytes(for: .init(model: "m0", recall: 0.8, k: 20))).write(to: url)
        #expect(try place.start(Self.model, recall: 0.8).version == version)
        #expect(try Data(contentsOf: url) == written)
        #expect(place.complaints.withLock { $0 } == [])
    }

    @Test func aFolderThatTakesNoFileIsSaidAndNoMore() throws {
        let place = try Place()
        let complaints = Mutex<[String]>([])
        let blocked = place.folder.appendingPathComponent("file")
        try Data().write(to: blocked)
        let file = PlanFile(folder: blocked.path, for: Self.purpose) { said in complaints.withLock { $0.append(said) } }
        let index = try LiveCatalogue(model: Self.model, recall: 0.8, file: file).snapshot.index
        #expect(index.version.hasPrefix("inverted-"))
        #expect(complaints.withLock { $0.count == 1 && $0[0].contains("cannot be written") })
    }

    @Test func aPlanOfOtherDimensionsIsMadeAnew() throws {
        let place = try Place()
        let url = place.folder.appendingPathComponent("index-0.8-20.plan")
        try Data(IndexPlan.flat(dimension: 8, items: 9000).bytes(for: Self.purpose)).write(to: url)
        #expect(try place.start(Self.model, recall: 0.8).version.hasPrefix("inverted-"))
        let complaints = place.complaints.withLock { $0 }
        #expect(complaints.count == 1 && complaints[0].contains("a plan of 8 dimensions, the model has 16"))
    }
}
