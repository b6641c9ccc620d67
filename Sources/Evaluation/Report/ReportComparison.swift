import Foundation

/// Reports of several shops in one set of tables.
public struct ReportComparison: Sendable {
    private let reports: [Report]
    /// Every method of some report: in the order of the report that has the most, others behind.
    private let names: [String]

    /// Puts reports beside each other.
    /// - Throws: `EvaluationError` if there are none, two have a name, or not all are of one protocol.
    public init(_ reports: [Report]) throws(EvaluationError) {
        guard let first = reports.first else { throw EvaluationError("there is no report to compare: name some") }
        var seen: Set<String> = []
        for facts in reports.map(\.facts) {
            guard facts.protocol == first.facts.protocol else {
                throw EvaluationError(
                    "\(first.facts.name) is of the \(first.facts.protocol) protocol and \(facts.name) of the "
                        + "\(facts.protocol) one: their figures mean different things; compare them apart")
            }
            guard seen.insert(facts.name).inserted else {
                throw EvaluationError(
                    "two reports are called \(facts.name): write one of them to a folder of another name")
            }
        }
        self.reports = reports
        var names: [String] = []
        for report in reports.sorted(by: { $0.methods.count > $1.methods.count }) {
            names += report.methods.map(\.name).filter { !names.contains($0) }
        }
        self.names = names
    }

    /// The geometric mean over all shops of a method's lift over a baseline; nil unless every report has it.
    public func meanLift(of method: String, over baseline: String) -> Double? {
        let logarithms = reports.map { report in
            report.method(method)?.lifts[baseline]?.ratio.flatMap { $0 > 0 ? log($0) : nil }
        }
        let known = logarithms.compactMap { $0 }
        guard known.count == reports.count else { return nil }
        return exp(known.reduce(0, +) / Double(known.count))
    }

    /// The tables as Markdown, which reads well in a terminal too.
    public var markdown: String {
        [verdict, recall, lifts, parts, cold, shops].filter { !$0.isEmpty }.joined(separator: "\n")
    }

    // MARK: Tables

    private var verdict: String {
        let own = MethodGlossary.own
        let rows: [[String]] = reports.compactMap { report in
            guard let method = report.method(own) else { return nil }
            return [report.facts.name, Figure.count(report.facts.queries), cell(method.metrics.recallAt10)]
                + Report.baselines.flatMap { name in
                    [cell(report.method(name)?.metrics.recallAt10), method.lifts[name].map(Figure.lift) ?? "–"]
                }
        }
        guard !rows.isEmpty else { return "" }
        let means = Report.baselines.flatMap { name in
            ["", meanLift(of: own, over: name).map { "**\(Figure.ratio($0))**" } ?? "–"]
        }
        return table(
            ["shop", "queries", own] + Report.baselines.flatMap { [$0, "over \($0)"] },
            rows + [["geometric mean", "", ""] + means])
    }

    private var recall: String {
        let best = reports.map { report in report.methods.map(\.metrics.recallAt10.value).max() ?? 0 }
        return table(
            ["recall@10"] + shopNames,
            names.map { name in
                [name]
                    + zip(reports, best).map { report, best in
                        guard let value = report.method(name)?.metrics.recallAt10.value else { return "–" }
                        return value == best ? "**\(Figure.share(value))**" : Figure.share(value)
                    }
            })
    }

    private var lifts: String {
        let baseline = Report.baselines[0]
        let rows: [[String]] = names.filter { $0 != baseline }.compactMap { name in
            let lifts = reports.map { $0.method(name)?.lifts[baseline] }
            guard lifts.contains(where: { $0 != nil }) else { return nil }
            return [name] + lifts.map { $0?.ratio.map(Figure.ratio) ?? "–" }
                + [meanLift(of: name, over: baseline).map(Figure.ratio) ?? "–"]
        }
        return rows.isEmpty ? "" : table(["over \(baseline)"] + shopNames + ["geometric mean"], rows)
    }

    /// The whole model and what it is without a part.
    private var parts: String {
        let shown = names.filter { $0 == MethodGlossary.own || MethodGlossary.isVariant($0) }
        guard shown.count > 1 else { return "" }
        return table(
            ["parts of the model"] + shopNames,
            shown.map { name in [name] + reports.map { cell($0.method(name)?.metrics.recallAt10) } })
    }

    private var cold: String {
        func rows(_ kind: String, _ pick: (Metrics) -> Estimate?) -> [[String]] {
            let queries = reports.map { $0.methods.first.flatMap { pick($0.metrics)?.queries } ?? 0 }
            return [["\(kind), queries"] + queries.map(Figure.count)]
                + names.map { name in
                    ["\(kind), \(name)"]
                        + reports.map { report in
                            report.method(name).flatMap { pick($0.metrics) }.map { Figure.share($0.value) } ?? "–"
                        }
                }
        }
        return table(
            ["recall@10"] + shopNames, rows("cold items") { $0.coldItems } + rows("cold users") { $0.coldUsers })
    }

    private var shops: String {
        table(
            [
                "shop", "events", "users", "items", "described", "test from", "date", "seed", "minutes", "machine",
                "version",
            ],
            reports.map { report in
                let (facts, machine) = (report.facts, report.facts.machine)
                return [
                    facts.name, Figure.count(facts.events), Figure.count(facts.users), Figure.count(facts.items),
                    Figure.count(facts.describedItems), String(facts.testStart.prefix(10)),
                    String(facts.date.prefix(10)),
                    "\(facts.seed)", String(format: "%.0f", report.seconds / 60),
                    "\(machine.processor), \(machine.cores) cores, \(machine.memoryGigabytes) GB, \(machine.instructions)",
                    facts.version,
                ]
            })
    }

    private var shopNames: [String] { reports.map(\.facts.name) }

    private func cell(_ estimate: Estimate?) -> String {
        estimate.map { "\(Figure.share($0.value)) (\(Figure.interval($0)))" } ?? "–"
    }

    private func table(_ head: [String], _ rows: [[String]]) -> String {
        // Names come from folders and files: a bar would begin a cell.
        func line(_ cells: [String]) -> String {
            "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ")
                + " |\n"
        }
        let rule = "|---|" + String(repeating: "---:|", count: head.count - 1) + "\n"
        return line(head) + rule + rows.map(line).joined()
    }
}
