import Application
import Commerce
import Datasets
import Foundation
import Testing
import TwoTower

/// A real shop's whole log and a model trained on its first nine tenths.
struct ShopLog {
    let name: String
    let events: [Event]
    let catalogue: [CatalogueItem]
    let model: Model
    /// The folder that the model was written to; the caller removes it.
    let checkpoint: URL
    /// The first event of the last tenth.
    let cut: Int

    /// The folder of shop data that `BREADCRUMB_DATA` names.
    static var folder: URL? {
        guard let path = ProcessInfo.processInfo.environment["BREADCRUMB_DATA"], !path.isEmpty else { return nil }
        return URL(fileURLWithPath: path, isDirectory: true)
    }

    /// Reads `name` and trains for `seconds`: enough to tell a learned model from a random one.
    init(_ name: String, training seconds: Double) throws {
        let folder = try #require(Self.folder).appendingPathComponent(name)
        let path = folder.appendingPathComponent("events.tsv.gz").path
        let items = folder.appendingPathComponent("items.jsonl.gz").path
        let hasItems = FileManager.default.fileExists(atPath: items)
        var events: [Event] = []
        try DatasetReader<Event>.events(path: path).readAll { events.append(try $0.get()) }
        var catalogue: [CatalogueItem] = []
        if hasItems {
            try DatasetReader<CatalogueItem>.catalogue(path: items).readAll { catalogue.append(try $0.get()) }
        }
        let limit = events[events.count * 9 / 10].time
        var settings = TrainingSettings()
        settings.timeLimit = seconds
        let job = TrainingJob(
            events: InputTable(path: path), items: hasItems ? InputTable(path: items) : nil, until: limit,
            settings: settings)
        let trained = try job.run().checkpoint
        checkpoint = FileManager.default.temporaryDirectory.appendingPathComponent("breadcrumb-\(UUID().uuidString)")
        try trained.save(to: checkpoint)
        model = trained.model
        self.name = name
        self.events = events
        self.catalogue = catalogue
        cut = events.firstIndex { $0.time >= limit } ?? events.count
    }
}
