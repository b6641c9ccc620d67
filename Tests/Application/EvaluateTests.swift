import Evaluation
import Foundation
import Testing

@Suite("breadcrumb evaluate, and breadcrumb compare")
struct EvaluateTests {
    private static let files = ["--events", "events.tsv", "--items", "items.jsonl"]
    private let shop = EvaluationShop()

    private func folder() throws -> Scratch {
        let folder = try Scratch()
        try shop.write(to: folder)
        return folder
    }

    private func evaluate(_ setting: String, _ methods: String, _ more: [String] = []) -> [String] {
        ["evaluate", "--protocol", setting, "--methods", methods, "--report", "report"] + Self.files + more
    }

    private func report(_ folder: Scratch, _ path: String = "report") throws -> Report {
        try Report(json: Data(contentsOf: folder.url.appending(path: path + "/report.json")), file: path)
    }

    @Test(
        "Files to report: the protocol's queries, lists that fit, and the figures that follow from them",
        arguments: ["streaming", "leave-one-out", "leave-two-out"])
    func endToEnd(setting: String) async throws {
        try await onThread {
            let folder = try folder()
            let methods = ["popularity", "item-knn", "two-tower", "sequential", "sequential-dense"]
            let done = try run(evaluate(setting, methods.joined(separator: ","), ["--seed", "3"]), in: folder)
            #expect(done.status == 0, "\(done.complaint)")
            #expect(
                try folder.names("report")
                    == (methods.map { $0 + ".queries.tsv" } + ["report.html", "report.json"]).sorted())
            let report = try report(folder)
            #expect(report.methods.map(\.name) == methods)
            let facts = report.facts
            #expect(facts.name == "report" && facts.protocol == setting && facts.seed == 3 && facts.model == nil)
            #expect(facts.eventsFile == "events.tsv" && facts.itemsFile == "items.jsonl")
            #expect(facts.events == shop.rows.count && facts.items == 70 && facts.users == 120)
            #expect(facts.queries == shop.queries(setting).count && facts.queries > 30)
            for method in report.methods {
                let dump = try folder.read("report/\(method.name).queries.tsv")
                let answers = try #require(EvaluationShop.answers(dump))
                #expect(shop.faults(answers, setting) == [])
                let hits = Double(answers.count { $0.rank <= 10 }) / Double(answers.count)
                let reciprocal = answers.reduce(0) { $0 + 1 / Double($1.rank) } / Double(answers.count)
                let covered = Double(Set(answers.flatMap { $0.top.prefix(10) }).count) / 70
                #expect(abs(method.metrics.recallAt10.value - hits) < 1e-6)
                #expect(abs(method.metrics.mrr.value - reciprocal) < 1e-6)
                #expect(abs(method.metrics.coverageAt10.value - covered) < 1e-6)
                #expect(done.output.contains("  \(method.name) "))
            }
            let page = try folder.read("report/report.html")
            #expect(!page.contains(folder.url.path) && page.contains("sequential"))
            #expect(!(try folder.read("report/report.json")).contains(folder.url.path))
            let trained = try #require(report.method("sequential"))
            #expect(!trained.curve.isEmpty && !trained.settings.isEmpty)
        }
    }

    @Test("Equal files and seed give equal answers; an older report goes, another's file stays and is refused")
    func again() throws {
        let folder = try folder()
        #expect(try run(evaluate("streaming", "popularity,recent-popularity"), in: folder).status == 0)
        let first = try folder.read("report/popularity.queries.tsv")
        #expect(try run(evaluate("streaming", "popularity,history"), in: folder).status == 0)
        #expect(try folder.read("report/popularity.queries.tsv") == first)
        #expect(
            try folder.names("report") == [
                "history.queries.tsv", "popularity.queries.tsv", "report.html", "report.json",
            ])
        try folder.write("report/notes.txt", ["mine"])
        let refused = try run(evaluate("streaming", "popularity"), in: folder)
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("--report report: holds notes.txt, which is no part of a report"))
        #expect(try folder.names("report").contains("history.queries.tsv"))
    }

    @Test("A run that fails leaves the older report as it was")
    func failing() throws {
        let folder = try folder()
        #expect(try run(evaluate("streaming", "popularity"), in: folder).status == 0)
        let before = try folder.names("report").map { try folder.read("report/" + $0) }
        try folder.write("events.tsv", ["user_id\titem_id\ttype\ttimestamp", "u1\ti1\tbrowse\t1767225600"])
        let done = try run(evaluate("streaming", "popularity"), in: folder)
        #expect(
            done.status == 1 && done.complaint.contains("the streaming protocol finds no query"), "\(done.complaint)")
        #expect(try folder.names("report").map { try folder.read("report/" + $0) } == before)
    }

    @Test("A checkpoint takes the training's place, unless it has seen the answers")
    func checkpoint() async throws {
        try await onThread {
            let folder = try folder()
            let until = Date(timeIntervalSince1970: Double(shop.testStart)).formatted(.iso8601)
            let train = ["train", "--dimension", "16", "--epochs", "2"] + Self.files
            #expect(try run(train + ["--model", "past", "--until", until], in: folder).status == 0)
            #expect(try run(train + ["--model", "all"], in: folder).status == 0)
            let good = try run(evaluate("streaming", "sequential", ["--model", "past"]), in: folder)
            #expect(good.status == 0, "\(good.complaint)")
            let report = try report(folder)
            #expect(report.facts.model == "past" && report.methods[0].trainingSeconds == 0)
            let answers = try #require(EvaluationShop.answers(folder.read("report/sequential.queries.tsv")))
            #expect(shop.faults(answers, "streaming") == [])
            for setting in ["streaming", "leave-one-out"] {
                let bad = try run(evaluate(setting, "popularity,sequential", ["--model", "all"]), in: folder)
                #expect(bad.status == 1)
                #expect(bad.complaint.contains("--model all: was trained on"), "\(bad.complaint)")
                #expect(bad.complaint.contains("it has seen the answers"))
            }
            let none = try run(evaluate("streaming", "sequential", ["--model", "none"]), in: folder)
            #expect(none.status == 1 && none.complaint.contains("`breadcrumb train` makes a checkpoint"))
        }
    }

    @Test(
        "What is wrong with the command line is told in one line",
        arguments: [
            (["--protocol", "later"], 2, "--protocol: later is not one of streaming, leave-one-out, leave-two-out"),
            (
                ["--methods", "als,item-kn"], 2,
                "--methods: item-kn: unknown method; did you mean item-knn?; there are als, "
            ),
            (["--methods", "als,als"], 2, "--methods: als stands there twice"),
            (["--methods", ""], 2, "--methods: an empty name: unknown method"),
            (["--events", "none.tsv"], 1, "breadcrumb evaluate: none.tsv: No such file or directory"),
            (["--report", "events.tsv"], 1, "--report events.tsv: is not a folder that can be read"),
            (["--report", "."], 1, "--report .: holds events.tsv, which is no part of a report"),
        ])
    func wrongUse(arguments: [String], status: Int, complaint: String) throws {
        let folder = try folder()
        let standard = [("--protocol", "streaming"), ("--events", "events.tsv"), ("--report", "report")]
        let others = standard.filter { !arguments.contains($0.0) }.flatMap { [$0.0, $0.1] }
        let done = try run(["evaluate"] + arguments + others, in: folder)
        #expect(Int(done.status) == status && done.output.isEmpty)
        #expect(done.complaint.contains(complaint), "\(done.complaint)")
        #expect(done.complaint.filter { $0 == "\n" }.count == 1)
        #expect(try folder.names() == ["events.tsv", "items.jsonl"])
    }

    @Test("Reports of several shops become one set of tables")
    func compare() throws {
        let folder = try folder()
        for name in ["one", "two"] {
            let arguments = ["evaluate", "--protocol", "streaming", "--methods", "popularity,item-knn"]
            #expect(try run(arguments + ["--report", "reports/\(name)"] + Self.files, in: folder).status == 0)
        }
        let compared = try run(["compare", "reports/one", "reports/two/report.json"], in: folder)
        #expect(
            compared.status == 0
                && compared.output.contains("| recall@10 | one | two |\n|---|---:|---:|\n| popularity | "))
        let missing = try run(["compare"])
        #expect(missing.status == 2 && missing.complaint.contains("REPORT: missing; for example reports/*"))
        let other = try run(["compare", "reports"], in: folder)
        #expect(other.status == 1 && other.complaint.contains("reports/report.json: cannot be read"))
    }

    private static let checker = ProcessInfo.processInfo.environment["BREADCRUMB_RECOMPUTE"]
    private static let data = ProcessInfo.processInfo.environment["BREADCRUMB_DATA"]

    @Test(
        "Another program finds the same queries and figures in real data",
        .enabled(
            if: checker != nil && data != nil,
            "BREADCRUMB_RECOMPUTE (a checker of dumps, in Python) and BREADCRUMB_DATA (real shops) are not both set"),
        arguments: ["streaming", "leave-one-out"])
    func realData(setting: String) async throws {
        let (checker, data) = (try #require(Self.checker), try #require(Self.data))
        try await onThread {
            let folder = try Scratch()
            let events = data + "/retailrocket/events.tsv.gz"
            let arguments = ["--events", events, "--report", "report", "--methods", "popularity,history"]
            let done = try run(["evaluate", "--protocol", setting] + arguments, in: folder)
            #expect(done.status == 0, "\(done.complaint)")
            for method in try report(folder).methods {
                let (process, output) = (Process(), Pipe())
                process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                process.arguments = [
                    "python3", checker, setting, events, "-", folder.path("report/\(method.name).queries.tsv"),
                ]
                process.standardOutput = output
                try process.run()
                let printed = try output.fileHandleForReading.readToEnd() ?? Data()
                process.waitUntilExit()
                #expect(process.terminationStatus == 0, "\(String(decoding: printed, as: UTF8.self))")
                let figures = try #require(JSONSerialization.jsonObject(with: printed) as? [String: Any])
                let metrics = method.metrics
                for (name, value) in [
                    ("recall@10", metrics.recallAt10), ("recall@20", metrics.recallAt20), ("ndcg@10", metrics.ndcgAt10),
                    ("mrr", metrics.mrr), ("coverage@10", metrics.coverageAt10),
                ] { #expect(abs((figures[name] as? Double ?? -1) - value.value) < 1e-5, "\(name)") }
            }
        }
    }
}
