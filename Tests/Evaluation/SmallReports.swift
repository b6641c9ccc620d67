import Evaluation

/// A log of thirty users with a test period, and answers with ranks that a test chooses.
struct SmallReports {
    let log: EvaluationLog
    let split: Split

    /// Users walk through twelve items, the last third of the walk through all; `catalogue` adds items without events.
    init(_ setting: EvaluationProtocol = .streaming) throws {
        let lines = (0..<300).map { index in
            "u\(index % 30) i\((index % 30 * 5 + index / 30 * 7) % (index < 200 ? 12 : 20)) \(1_700_000_000 + index * 60)"
        }
        log = try smallLog(lines.joined(separator: "\n"), catalogue: ["i1", "x1", "x2"])
        split = try Split(log, setting, .test)
    }

    /// What a method answered whose targets came at `rank` of the query's index.
    func result(
        _ name: String, curve: [CurvePoint] = [], rank: (Int) -> Int
    ) -> MethodResult {
        let answers = split.queries.enumerated().map { index, query in
            let rank = rank(index)
            let history = Set(log.events(of: query.user).prefix(query.historyLength).map { log.item(at: $0) })
            var top = log.items.indices.map(Int32.init).filter { !history.contains($0) && $0 != query.target }
            if rank <= top.count { top.insert(query.target, at: rank - 1) }
            return QueryResult(query: query, rank: rank, top: Array(top.prefix(20)))
        }
        return MethodResult(
            name: name, settings: [Setting("factors", "64"), Setting("alpha", "10")], queries: answers,
            metrics: Metrics(answers, split: split, items: log.items.count), curve: curve,
            tuningSeconds: 12, trainingSeconds: 3.5, queryingSeconds: 130)
    }

    func facts(_ name: String = "shop") -> Report.Facts {
        var machine = Machine.here()
        (machine.processor, machine.cores, machine.memoryGigabytes) = ("Some Processor", 2, 25)
        return Report.Facts(
            name: name, log: log, split: split, eventsFile: "events.tsv.gz", itemsFile: "items.jsonl.gz",
            date: 1_767_225_600_000, seed: 7,
            machine: machine,
            version: "0.1.0")
    }

    /// A report with every kind of method: the model, its variants, baselines, one without a hit.
    func report(_ name: String = "shop") -> Report {
        let curve = (1...4).map {
            CurvePoint(seconds: Double($0) * 30, epoch: Double($0), loss: 5 / Double($0), recall: 0.02 * Double($0))
        }
        return Report(
            facts: facts(name),
            results: [
                result("als") { $0 % 4 == 0 ? 3 : 15 }, result("popularity") { _ in 12 },
                result("item-knn") { $0 % 3 == 0 ? 1 : 30 }, result("two-tower", curve: curve) { $0 % 3 == 0 ? 2 : 11 },
                result("sequential", curve: curve) { $0 % 2 == 0 ? 1 : 14 },
                result("sequential-frozen") { $0 % 3 == 1 ? 1 : 14 },
                result("sequential-dense") { $0 % 3 == 2 ? 1 : 14 },
            ])
    }
}
