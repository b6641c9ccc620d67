import Foundation

// Pieces that the page's sections share, and the sections that are mostly text.
extension ReportPage {
    /// - Parameter isHalf: whether a wide screen may show another one beside it.
    func section(_ title: String, _ lead: String, isHalf: Bool = false, _ body: String) -> String {
        let heading = "<h2>\(Markup.escape(title))</h2>\n<p>\(Markup.escape(lead))</p>\n"
        return "<section\(isHalf ? " class=\"half\"" : "")>\n\(heading)\(body)</section>\n"
    }

    func figure(_ title: String, _ svg: String) -> String {
        "<figure><h3>\(Markup.escape(title))</h3>\n\(svg)</figure>\n"
    }

    /// Charts beside each other; one without any figure is left out.
    func charts(_ charts: [BarChart]) -> String {
        let shown = charts.filter { $0.bars.contains { $0.estimate != nil } }
        return "<div class=\"charts\">\n\(shown.map { figure($0.title, $0.svg) }.joined())</div>\n"
    }

    func bar(_ method: Report.Method, _ estimate: Estimate?) -> BarChart.Bar {
        BarChart.Bar(label: method.name, estimate: estimate, style: style(method))
    }

    /// `0.0765 (0.0713–0.0812)`
    func cell(_ estimate: Estimate?) -> String {
        estimate.map { "\(Figure.share($0.value)) (\(Figure.interval($0)))" } ?? "–"
    }

    /// recall@10 by kind of query: a line a method, the whole model with parts off left out.
    func buckets(
        _ id: String, _ title: String, _ lead: String, _ axis: String, _ pick: KeyPath<Metrics, [Bucket]>
    ) -> String {
        guard let first = report.methods.first?.metrics[keyPath: pick] else { return "" }
        let shown = report.methods.filter { !MethodGlossary.isVariant($0.name) }
        let series = shown.enumerated().map { index, method in
            let points = method.metrics[keyPath: pick].enumerated().compactMap { place, bucket in
                bucket.recall.map { (x: Double(place), y: $0.value) }
            }
            return LineChart.Series(label: method.name, segments: [points], style: style(method), marker: index)
        }
        let chart = LineChart(
            id: id, title: "recall@10, by " + axis, xTitle: axis, xLabels: first.map(\.label), series: series)
        let rows = first.indices.map { index in
            [first[index].label, Figure.count(first[index].recall?.queries ?? 0)]
                + report.methods.map { method in
                    let buckets = method.metrics[keyPath: pick]
                    return cell(buckets.indices.contains(index) ? buckets[index].recall : nil)
                }
        }
        let table = Markup.table(chart.title, [axis, "queries"] + names, rows)
        return section(title, lead, isHalf: true, figure(chart.title, chart.svg) + Markup.behind(table))
    }

    var curves: String {
        // Methods that share a training share its curve: it is drawn for the first.
        let trained = report.methods.enumerated().filter { index, method in
            !method.curve.isEmpty && !report.methods[..<index].contains { $0.curve == method.curve }
        }.map(\.element)
        guard !trained.isEmpty else { return "" }
        func chart(_ id: String, _ title: String, _ pick: (CurvePoint) -> Double?) -> LineChart? {
            let series = trained.enumerated().compactMap { index, method -> LineChart.Series? in
                let segments = Self.runs(method.curve).map { run in
                    run.compactMap { point in
                        pick(point).flatMap { $0.isFinite ? (x: point.seconds / 60, y: $0) : nil }
                    }
                }.filter { !$0.isEmpty }
                guard !segments.isEmpty else { return nil }
                return LineChart.Series(label: method.name, segments: segments, style: style(method), marker: index)
            }
            return series.isEmpty ? nil : LineChart(id: id, title: title, xTitle: "minutes of training", series: series)
        }
        let charts = [
            chart("curve-recall", "recall@10 on the validation queries") { $0.recall },
            chart("curve-loss", "Training loss") { $0.loss },
        ].compactMap { $0 }
        let rows = trained.flatMap { method in
            method.curve.map { point in
                [
                    method.name, String(format: "%.1f", point.seconds), String(format: "%.2f", point.epoch),
                    point.loss.map { String(format: "%.4f", $0) } ?? "–", point.recall.map(Figure.share) ?? "–",
                ]
            }
        }
        return section(
            "Training curves",
            "Settings and number of epochs are chosen by recall on the validation queries. A line begins anew with each of the "
                + "settings tried, and the last one is the model that is kept.",
            "<div class=\"charts\">\n\(charts.map { figure($0.title, $0.svg) }.joined())</div>\n"
                + Markup.behind(
                    Markup.table("Training curves", ["method", "seconds", "epoch", "loss", "recall@10"], rows)))
    }

    /// The parts of a curve between which the epochs begin anew: one for each of the settings tried, then the model that is
    /// kept.
    private static func runs(_ curve: [CurvePoint]) -> [[CurvePoint]] {
        var runs: [[CurvePoint]] = []
        for point in curve {
            if let last = runs.last?.last, last.epoch < point.epoch {
                runs[runs.count - 1].append(point)
            } else {
                runs.append([point])
            }
        }
        return runs
    }

    var settings: String {
        let times = report.methods.map { method in
            [
                method.name, Figure.duration(method.tuningSeconds), Figure.duration(method.trainingSeconds),
                Figure.duration(method.queryingSeconds), "\(method.trials.count)",
            ]
        }
        let chosen = report.methods.filter { !$0.settings.isEmpty }.map { method in
            let settings = method.settings.sorted { $0.key < $1.key }
            return [method.name, settings.map { "\($0.key) \($0.value)" }.joined(separator: ", ")]
        }
        return section(
            "Settings and time", "Settings that were tried, with what each reached, are in report.json.",
            Markup.table("Wall time", ["method", "tuning", "training", "queries", "settings tried"], times)
                + "<div class=\"words long\">"
                + Markup.table("Settings in force", ["method", "settings"], chosen) + "</div>\n")
    }

    var meanings: String {
        let rows = report.methods.compactMap { method in
            MethodGlossary.meaning(of: method.name).map { [method.name, $0] }
        }
        return rows.isEmpty
            ? ""
            : section(
                "What the methods are",
                "All rank the same candidates; items of the user's history are left out for each.",
                "<div class=\"words\">" + Markup.table("Methods", ["method", "what it does"], rows) + "</div>\n")
    }

    var facts: String {
        let (facts, machine) = (report.facts, report.facts.machine)
        var rows = [
            ["protocol", facts.protocol], ["events", "\(facts.eventsFile): \(Figure.count(facts.events))"],
            ["users", Figure.count(facts.users)],
            ["items", Figure.count(facts.items)],
            [
                "catalogue",
                facts.itemsFile.map { "\($0): describes \(Figure.count(facts.describedItems)) items" } ?? "none",
            ],
            ["validation from", facts.validationStart], ["test from", facts.testStart],
            ["queries", "\(Figure.count(facts.queries)) of \(Figure.count(facts.queryUsers)) users"],
            ["begun", facts.date], ["seed", "\(facts.seed)"],
            ["time limit of a training", facts.timeLimit.map(Figure.duration) ?? "none"],
        ]
        if let model = facts.model { rows.append(["checkpoint in place of training", model]) }
        rows += [
            [
                "machine",
                "\(machine.processor), \(machine.cores) cores, \(machine.memoryGigabytes) GB, \(machine.instructions)",
            ],
            ["load before", String(format: "%.1f", machine.loadBefore)], ["system", machine.system],
            ["Breadcrumb", facts.version],
        ]
        return section(
            "Facts",
            "Every query with its rank and list is in METHOD.queries.tsv beside this page, from which all figures can be "
                + "computed again.",
            "<div class=\"words\">" + Markup.table("Facts", ["fact", "value"], rows) + "</div>\n")
    }
}
