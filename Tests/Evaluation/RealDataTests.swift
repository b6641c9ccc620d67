import Commerce
import Datasets
import Evaluation
import Foundation
import Testing

private let dataFolder = ProcessInfo.processInfo.environment["BREADCRUMB_DATA"]

/// The queries and lists of a real shop, against a derivation that shares nothing with the module: strings and dictionaries,
/// row by row as the file has them.
@Suite("Real shops", .enabled(if: dataFolder != nil, "BREADCRUMB_DATA names no folder of shop data"))
struct RealDataTests {
    struct Row {
        var user: String
        var item: String
        var time: Int64
    }

    @Test("Queries are the protocol's and ranks agree with lists", arguments: EvaluationProtocol.allCases)
    func queries(setting: EvaluationProtocol) throws {
        let folder = try #require(dataFolder) + "/retailrocket"
        var rows: [Row] = []
        var builder = EvaluationLogBuilder()
        try DatasetReader.events(path: folder + "/events.tsv.gz").readAll {
            let event = try $0.get()
            builder.append(event)
            rows.append(Row(user: event.shopper.id, item: event.item.rawValue, time: event.time.rawValue))
        }
        let log = try builder.build()
        let times = rows.map(\.time).sorted()
        let start = times[Int(Double(rows.count) * 0.9)]
        var wanted: [String: String] = [:]
        for (user, events) in Dictionary(grouping: rows, by: \.user) {
            if setting != .streaming {
                if events.count >= 3 { wanted["\(user) \(events.count - 1)"] = events[events.count - 1].item }
                continue
            }
            var (seen, count) = (Set<String>(), 0)
            for (place, event) in events.enumerated() {
                if place > 0, event.time >= start, !seen.contains(event.item), count < 10 {
                    wanted["\(user) \(place)"] = event.item
                    count += 1
                }
                seen.insert(event.item)
            }
        }
        let histories = Dictionary(grouping: rows, by: \.user).mapValues { $0.map(\.item) }
        let results = try Baseline.popularity.evaluate(on: log, setting).queries
        #expect(results.count == wanted.count && results.count > 1000)
        for result in results {
            let user = log.users[Int(result.query.user)].id
            let target = log.items[Int(result.query.target)].rawValue
            #expect(wanted["\(user) \(result.query.historyLength)"] == target)
            let top = result.top.map { log.items[Int($0)].rawValue }
            let past = Set(histories[user]?.prefix(result.query.historyLength) ?? [])
            #expect(past.isDisjoint(with: top) && Set(top).count == top.count && top.count == 20)
            let place = top.firstIndex(of: target).map { $0 + 1 }
            #expect(place.map { $0 == result.rank } ?? (result.rank > top.count))
        }
    }
}
