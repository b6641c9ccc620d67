import Commerce
import Datasets
import Foundation
import Retrieval
import Streaming
import TwoTower

/// Replays a shop's histories event by event in each form of the state, rounded after every event as if it came from the
/// store, and compares the lists with those of the state in fp32.
///
/// Queries are those of a streaming evaluation: events after the model's training on an item that is new to a shopper with a
/// history, at most ten a shopper; everything in the history is left out of the lists. So the loss is what a shop would see.
struct StateBenchmark {
    let model: Model
    let modelPath: String
    let events: [Event]
    let catalogue: [CatalogueItem]
    /// Events from here on make queries.
    let start: EventTime

    /// Most queries of one shopper.
    private static let queriesPerShopper = 10
    /// Length of the lists.
    private static let k = 10

    /// What keeps a run from giving figures.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// Loads everything; rows that the reader refuses are left out, as in training.
    init(model path: String, events: String, items: String?) throws {
        model = try Model.load(from: URL(fileURLWithPath: path))
        modelPath = path
        start = EventTime(milliseconds: model.channels.time &+ 1)
        var log: [Event] = []
        try DatasetReader<Event>.events(path: events).readAll { if case .success(let event) = $0 { log.append(event) } }
        log.sort { $0.time < $1.time }
        self.events = log
        var catalogue: [CatalogueItem] = []
        if let items {
            try DatasetReader<CatalogueItem>.catalogue(path: items).readAll {
                if case .success(let item) = $0 { catalogue.append(item) }
            }
        }
        self.catalogue = catalogue
    }

    func run() throws -> StateReport {
        let live = try LiveCatalogue(model: model)
        live.apply(catalogue.map { .upsert($0) }, partition: 0, next: Int64(catalogue.count))
        var pass = StatePass(model: model, catalogue: live.snapshot, k: Self.k)
        var byShopper: [Shopper: [Event]] = [:]
        for event in events { byShopper[event.shopper, default: []].append(event) }
        for shopper in byShopper.keys.sorted(by: { $0.tagged < $1.tagged }) {
            let history = byShopper[shopper] ?? []
            pass.begin(shopper)
            var queries = 0
            for event in history {
                if event.time >= start, pass.asksFor(event.item), queries < Self.queriesPerShopper {
                    try pass.ask(event.item)
                    queries += 1
                }
                pass.step(event)
            }
            pass.end(of: history)
        }
        guard pass.queries > 0 else {
            throw Fault(description: "no event after \(start.rfc3339) asks for an item that is new to its shopper")
        }
        return StateReport(
            date: Date().ISO8601Format(), command: CommandLine.arguments.joined(separator: " "), machine: .here(),
            dimension: model.dimension, stateSize: model.stateSize, events: events.count, shoppers: byShopper.count,
            queries: pass.queries, lines: pass.lines())
    }
}
