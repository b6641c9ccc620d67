import Evaluation
import Foundation
import Testing

@Suite("Reports")
struct ReportTests {
    /// The file as any other program would read it.
    private func object(_ report: Report) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: report.json()) as? [String: Any])
    }

    @Test("The file holds facts, and of each method every figure with its interval")
    func shape() throws {
        let small = try SmallReports()
        let file = try object(small.report())
        #expect(file["format"] as? Int == 1)
        let facts = try #require(file["facts"] as? [String: Any])
        #expect(facts["name"] as? String == "shop" && facts["protocol"] as? String == "streaming")
        #expect(facts["events"] as? Int == 300 && facts["users"] as? Int == 30)
        #expect(facts["items"] as? Int == small.log.items.count)
        #expect(facts["describedItems"] as? Int == 3 && facts["seed"] as? Int == 7)
        #expect(facts["queries"] as? Int == small.split.queries.count)
        #expect(facts["testStart"] as? String == "2023-11-15T02:43:20.000Z")
        #expect(facts["date"] as? String == "2026-01-01T00:00:00.000Z")
        #expect((facts["machine"] as? [String: Any])?["cores"] as? Int == 2)
        let methods = try #require(file["methods"] as? [[String: Any]])
        #expect(methods.map { $0["name"] as? String }.contains("sequential") && methods.count == 7)
        for method in methods {
            let metrics = try #require(method["metrics"] as? [String: Any])
            for name in ["recallAt10", "recallAt20", "ndcgAt10", "mrr", "coverageAt10", "coldItems", "coldUsers"] {
                guard let figure = metrics[name] as? [String: Any] else {
                    // No query of a walk through a period ten events long comes from a cold user.
                    #expect(name == "coldUsers")
                    continue
                }
                #expect(Set(figure.keys) == ["value", "low", "high", "queries"])
            }
            #expect((method["settings"] as? [String: String]) == ["factors": "64", "alpha": "10"])
            #expect(method["trainingSeconds"] as? Double == 3.5)
        }
    }

    @Test("Lifts are quotients of recalls, over the baselines that are there and not over oneself")
    func lifts() throws {
        let report = try SmallReports().report()
        let (als, own) = (try #require(report.method("als")), try #require(report.method("sequential")))
        let ratio = own.metrics.recallAt10.value / als.metrics.recallAt10.value
        let lift = try #require(own.lifts["als"])
        #expect(abs((lift.ratio ?? 0) - ratio) < 1e-12 && lift.low < ratio && ratio < lift.high)
        #expect(Set(own.lifts.keys) == ["als", "item-knn"] && Set(als.lifts.keys) == ["item-knn"])
    }

    @Test("What is written is read back, also a lift that has no end")
    func roundTrip() throws {
        let small = try SmallReports()
        let report = Report(
            facts: small.facts(), results: [small.result("als") { _ in 19 }, small.result("sequential") { _ in 1 }])
        let lift = try #require(report.method("sequential")?.lifts["als"])
        #expect(lift.ratio == nil && lift.high == .infinity)
        let json = try report.json()
        #expect(String(decoding: json, as: UTF8.self).contains("\"infinite\""))
        #expect(try Report(json: json, file: "report.json") == report)
        #expect(try report.json() == json)
        let whole = small.report()
        #expect(try Report(json: whole.json(), file: "report.json") == whole)
    }

    @Test(
        "A file that is no report is refused by name",
        arguments: [
            ("{}", "a.json: is not a report"), ("[", "a.json: is not a report"),
            ("{\"format\": 9}", "a.json: has the form 9, this program reads 1"),
            ("{\"format\": 1}", "a.json: is damaged: facts is missing"),
        ])
    func refused(json: String, complaint: String) {
        let error = #expect(throws: EvaluationError.self) { try Report(json: Data(json.utf8), file: "a.json") }
        #expect(error?.description.hasPrefix(complaint) == true, "\(error?.description ?? "")")
    }

    @Test("Several shops: one row each, and the geometric mean of their lifts")
    func comparison() throws {
        let small = try SmallReports()
        let second = Report(
            facts: small.facts("other|shop"),
            results: [
                small.result("als") { $0 % 10 == 0 ? 3 : 15 }, small.result("sequential") { $0 % 2 == 0 ? 1 : 14 },
            ])
        let reports = [small.report("first"), second]
        let comparison = try ReportComparison(reports)
        let ratios = try reports.map { try #require($0.method("sequential")?.lifts["als"]?.ratio) }
        let mean = try #require(comparison.meanLift(of: "sequential", over: "als"))
        #expect(abs(mean - (ratios[0] * ratios[1]).squareRoot()) < 1e-12)
        #expect(comparison.meanLift(of: "two-tower", over: "als") == nil)
        let lines = comparison.markdown.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.contains { $0.hasPrefix("| first | ") } && lines.contains { $0.hasPrefix("| other\\|shop | ") })
        #expect(lines.contains { $0.hasPrefix("| geometric mean |") && $0.contains(String(format: "**%.2f×**", mean)) })
        // Every row of a table has as many cells as its head.
        for table in comparison.markdown.split(separator: "\n\n") {
            let counts = Set(table.split(separator: "\n").map { $0.replacing("\\|", with: "").count { $0 == "|" } })
            #expect(counts.count == 1)
        }
    }

    @Test("Reports that do not belong together are refused")
    func mixed() throws {
        let streaming = try SmallReports().report()
        let last = try SmallReports(.leaveOneOut).report("other")
        #expect(throws: EvaluationError.self) { try ReportComparison([]) }
        #expect(throws: EvaluationError.self) { try ReportComparison([streaming, streaming]) }
        #expect(throws: EvaluationError.self) { try ReportComparison([streaming, last]) }
    }
}
