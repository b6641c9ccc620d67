import Foundation

/// A report as one page without scripts and without anything from elsewhere: it reads the same from a disk, in a mail and
/// on a phone.
public struct ReportPage {
    let report: Report

    /// The page of a report.
    public init(_ report: Report) { self.report = report }

    /// The text of `report.html`.
    public var html: String {
        let facts = report.facts
        let title = "\(facts.name): how good the lists are"
        return """
            <!DOCTYPE html>
            <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <title>\(Markup.escape(title))</title>
            <style>
            \(ReportStyle.sheet)
            </style>
            </head>
            <body>
            <main>
            <header>
            <h1>\(Markup.escape(title))</h1>
            <p class="soft">\(Markup.escape(heading))</p>
            <p class="verdict">\(Markup.escape(verdict))</p>
            </header>
            \(sections.joined())</main>
            </body>
            </html>

            """
    }

    private var sections: [String] {
        [
            comparison, path, coverage, variants, byHistory, byPopularity, cold, curves, settings, meanings, facts,
        ]
    }

    private var heading: String {
        let facts = report.facts
        let described =
            facts.protocol == EvaluationProtocol.streaming.rawValue
            ? "trained on what came before \(facts.testStart), asked while the rest streams"
            : "asked for every user's last item"
        return "Protocol \(facts.protocol): \(described). \(Figure.count(facts.queries)) queries of "
            + "\(Figure.count(facts.queryUsers)) users, \(Figure.count(facts.items)) candidates. \(facts.date.prefix(10))."
    }

    /// The result in one sentence.
    private var verdict: String {
        func told(_ method: Report.Method) -> String {
            "\(method.name) has the next new item among the first ten at "
                + String(format: "%.1f%%", 100 * method.metrics.recallAt10.value) + " of the queries"
        }
        guard let own = report.method(MethodGlossary.own) else {
            let best = report.methods.max { $0.metrics.recallAt10.value < $1.metrics.recallAt10.value }
            return best.map { "Of these methods " + told($0) + ", the most." } ?? "No method was evaluated."
        }
        let lifts = Report.baselines.compactMap { name in
            own.lifts[name].flatMap { lift in lift.ratio.map { "\(Figure.ratio($0)) \(name)" } }
        }
        return told(own) + (lifts.isEmpty ? "." : ": " + lifts.joined(separator: " and ") + ".")
    }

    var names: [String] { report.methods.map(\.name) }

    func style(_ method: Report.Method) -> String { MethodGlossary.style(method.name, among: names) }

    // MARK: Sections

    private var comparison: String {
        let head =
            ["method", "recall@10", "95% interval"] + Report.baselines.map { "over \($0)" }
            + ["recall@20", "NDCG@10", "MRR", "coverage@10"]
        let rows = report.methods.map { method in
            let metrics = method.metrics
            return [method.name, Figure.share(metrics.recallAt10.value), Figure.interval(metrics.recallAt10)]
                + Report.baselines.map { name in method.lifts[name].map(Figure.lift) ?? "–" }
                + [metrics.recallAt20, metrics.ndcgAt10, metrics.mrr, metrics.coverageAt10].map { cell($0) }
        }
        let chart = BarChart(
            id: "all", title: "recall@10 of every method",
            bars: report.methods.map { bar($0, $0.metrics.recallAt10) })
        return section(
            "Every method",
            "Share of queries whose item is among the first ten, larger is better. Intervals: 95%, from 1,000 resamples of "
                + "the users; lifts are paired, resample by resample.",
            figure(chart.title, chart.svg) + Markup.table("Figures of every method", head, rows))
    }

    private var path: String {
        let methods = MethodGlossary.path.compactMap(report.method)
        guard methods.count > 1 else { return "" }
        let chart = BarChart(
            id: "path", title: "recall@10: " + methods.map(\.name).joined(separator: " → "),
            bars: methods.map { method in
                var bar = bar(method, method.metrics.recallAt10)
                bar.note = method.lifts["als"]?.ratio.map(Figure.ratio) ?? ""
                return bar
            })
        let rows = methods.map { method in
            [method.name, cell(method.metrics.recallAt10), method.lifts["als"].map(Figure.lift) ?? "1"]
        }
        return section(
            "From ALS to the sequence", "What the two towers add to ALS, and what following the order adds to them.",
            isHalf: true,
            figure(chart.title, chart.svg)
                + Markup.behind(Markup.table("Lift over als", ["method", "recall@10", "over als"], rows)))
    }

    private var variants: String {
        let methods = report.methods.filter {
            $0.name == MethodGlossary.own || MethodGlossary.isVariant($0.name)
        }
        guard methods.count > 1 else { return "" }
        let recall = BarChart(
            id: "parts", title: "recall@10 with parts switched off",
            bars: methods.map { bar($0, $0.metrics.recallAt10) })
        let cold = BarChart(
            id: "parts-cold", title: "The same on items unseen before the test",
            bars: methods.map { bar($0, $0.metrics.coldItems) })
        let rows = methods.map { method in
            let metrics = method.metrics
            return [method.name] + [metrics.recallAt10, metrics.coldItems, metrics.coldUsers].map { cell($0) }
        }
        return section(
            "Moving items and the sparse channel",
            "One training for all: what it brings that items follow the stream, and that co-visits are scored beside the "
                + "dense vectors.",
            charts([recall, cold])
                + Markup.table(
                    "Parts of the model", ["method", "recall@10", "cold items", "cold users"], rows))
    }

    private var byHistory: String {
        buckets(
            "history", "By length of the history", "Users with little behind them are the harder ones.",
            "events of the user before the query", \.byHistory)
    }

    private var byPopularity: String {
        buckets(
            "popularity", "By popularity of the item",
            "How well items are found that training saw never, rarely or often.", "training events of the item",
            \.byPopularity)
    }

    private var cold: String {
        let items = BarChart(
            id: "cold-items", title: "Cold items: recall@10 on items that do not occur before the test period",
            bars: report.methods.map { bar($0, $0.metrics.coldItems) })
        let users = BarChart(
            id: "cold-users", title: "Cold users: recall@10 at queries with one to three events before",
            bars: report.methods.map { bar($0, $0.metrics.coldUsers) })
        let rows = report.methods.map { method in
            [method.name, cell(method.metrics.coldItems), cell(method.metrics.coldUsers)]
        }
        let counts = report.methods.first?.metrics
        return section(
            "Cold items and cold users",
            "\(Figure.count(counts?.coldItems?.queries ?? 0)) queries are for cold items, "
                + "\(Figure.count(counts?.coldUsers?.queries ?? 0)) come from cold users.",
            charts([items, users])
                + Markup.behind(Markup.table("Cold items and users", ["method", "cold items", "cold users"], rows)))
    }

    private var coverage: String {
        let chart = BarChart(
            id: "coverage", title: "Share of all items that stand in some first ten",
            bars: report.methods.map { bar($0, $0.metrics.coverageAt10) })
        let rows = report.methods.map { [$0.name, cell($0.metrics.coverageAt10)] }
        return section(
            "Coverage", "Lists that show everybody the same cover little.", isHalf: true,
            figure(chart.title, chart.svg)
                + Markup.behind(Markup.table("Coverage", ["method", "coverage@10"], rows)))
    }
}
