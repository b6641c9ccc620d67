import Evaluation
import Foundation
import FoundationXML
import Testing

@Suite("The report's page")
struct ReportPageTests {
    /// An element with its attributes and all text inside it.
    final class Element {
        let name: String
        let attributes: [String: String]
        var children: [Element] = []
        var text = ""

        init(_ name: String, _ attributes: [String: String]) {
            self.name = name
            self.attributes = attributes
        }

        /// It and everything in it, in document order.
        var all: [Element] { [self] + children.flatMap(\.all) }

        func all(_ name: String) -> [Element] { all.filter { $0.name == name } }
    }

    /// Foundation's parser stops at anything that is not well-formed.
    private final class Reader: NSObject, XMLParserDelegate {
        var open: [Element] = [Element("page", [:])]

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            let element = Element(name, attributes)
            open.last?.children.append(element)
            open.append(element)
        }

        func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
            open.removeLast()
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) {
            for element in open { element.text += text }
        }
    }

    private func page(_ report: Report) throws -> Element {
        let reader = Reader()
        let parser = XMLParser(data: Data(ReportPage(report).html.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        return try #require(reader.open.first)
    }

    @Test("It stands alone: no script, nothing from elsewhere, made for narrow screens and both lights")
    func alone() throws {
        let page = try page(SmallReports().report())
        let names = Set(page.all.map(\.name))
        #expect(names.isDisjoint(with: ["script", "link", "img", "iframe", "object", "a"]))
        #expect(page.all.allSatisfy { Set($0.attributes.keys).isDisjoint(with: ["href", "src", "onclick", "onload"]) })
        let style = try #require(page.all("style").first).text
        #expect(!style.contains("url(") && !style.contains("@import") && style.contains("prefers-color-scheme:dark"))
        let metas = page.all("meta").map(\.attributes)
        #expect(metas.contains { $0["name"] == "viewport" && $0["content"]?.hasPrefix("width=device-width") == true })
        #expect(metas.contains { $0["content"] == "default-src 'none'; style-src 'unsafe-inline'" })
        #expect(page.all("h1").count == 1 && page.all("html").first?.attributes["lang"] == "en")
        #expect(page.all("table").allSatisfy { !$0.all("caption").isEmpty && !$0.all("th").isEmpty })
        let ids = page.all.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
    }

    @Test("Every chart has a title, a description with its figures, and marks inside its frame")
    func charts() throws {
        let report = try SmallReports().report()
        let charts = try page(report).all("svg")
        // All methods, the path, two of the parts, history, popularity, cold items, coverage, two curves; no user is cold.
        #expect(charts.count == 10)
        for chart in charts {
            #expect(chart.attributes["role"] == "img")
            let told = chart.attributes["aria-labelledby"]?.split(separator: " ").map(String.init) ?? []
            let labels = (chart.all("title") + chart.all("desc")).filter { !$0.text.isEmpty }
            #expect(labels.compactMap { $0.attributes["id"] } == told && told.count == 2)
            let frame = (chart.attributes["viewBox"] ?? "").split(separator: " ").compactMap { Double($0) }
            try #require(frame.count == 4 && frame[2] == 360)
            for element in chart.all {
                for (name, limit) in [
                    ("x", 2), ("x1", 2), ("x2", 2), ("cx", 2), ("y", 3), ("y1", 3), ("y2", 3), ("cy", 3),
                ] {
                    guard let value = element.attributes[name].flatMap(Double.init) else { continue }
                    #expect((0...frame[limit]).contains(value), "\(element.name) \(name) \(value)")
                }
                if element.name == "rect", let x = Double(element.attributes["x"] ?? ""),
                    let width = Double(element.attributes["width"] ?? "")
                {
                    #expect(width >= 0 && x + width <= 360)
                }
            }
        }
        let own = try #require(report.method("sequential"))
        #expect(
            charts[0].all("desc").first?.text.contains("sequential: \(Figure.share(own.metrics.recallAt10.value))")
                == true)
        // A bar is as long as its figure, in units of the longest.
        let widths = charts[0].all("rect").compactMap { Double($0.attributes["width"] ?? "") }
        let values = report.methods.map(\.metrics.recallAt10.value)
        let most = try #require(values.max())
        for (width, value) in zip(widths, values) {
            #expect(abs(width / (widths.max() ?? 1) - value / most) < 0.002)
        }
    }

    @Test("The tables show the report's figures")
    func figures() throws {
        let report = try SmallReports().report()
        let page = try page(report)
        let table = try #require(page.all("table").first)
        let head = table.all("thead")[0].all("th").map(\.text)
        #expect(head.prefix(5) == ["method", "recall@10", "95% interval", "over als", "over item-knn"])
        let rows = table.all("tbody")[0].all("tr").map { $0.children.map(\.text) }
        #expect(rows.map { $0[0] } == report.methods.map(\.name))
        for (row, method) in zip(rows, report.methods) {
            #expect(row.count == head.count)
            #expect(row[1] == String(format: "%.4f", method.metrics.recallAt10.value))
            let lift = method.lifts["als"]?.ratio.map { String(format: "%.2f× (", $0) }
            #expect(lift.map(row[3].hasPrefix) ?? (row[3] == "–"))
        }
        let headings = page.all("h2").map(\.text)
        for heading in [
            "From ALS to the sequence", "Moving items and the sparse channel", "By length of the history",
            "By popularity of the item", "Cold items and cold users", "Coverage", "Training curves", "Facts",
        ] { #expect(headings.contains(heading)) }
        for fact in ["events.tsv.gz", "Some Processor", "2026-01-01", "2023-11-15T02:43:20.000Z"] {
            #expect(page.text.contains(fact))
        }
    }

    @Test("What cannot be shown is left out, what is empty says so")
    func little() throws {
        let small = try SmallReports()
        let page = try page(Report(facts: small.facts(), results: [small.result("popularity") { _ in 25 }]))
        let headings = page.all("h2").map(\.text)
        #expect(!headings.contains("Training curves") && !headings.contains("From ALS to the sequence"))
        #expect(page.all("svg").allSatisfy { !$0.text.contains("nan") && !$0.text.contains("inf") })
        _ = try self.page(Report(facts: small.facts(), results: []))
    }

    @Test("Names from outside cannot become markup")
    func hostile() throws {
        let small = try SmallReports()
        let name = "<script>alert(\"1\")</script> & \u{1} co"
        let page = try page(Report(facts: small.facts(name), results: [small.result(name) { _ in 1 }]))
        #expect(page.all("script").isEmpty && page.text.contains("<script>alert(\"1\")</script> & \u{fffd} co"))
    }

    @Test("The axis covers its values in few round steps", arguments: [0.00031, 0.0424, 0.3, 0.95, 1, 7.3, 1234])
    func ticks(top: Double) throws {
        let ticks = Chart.ticks(to: top)
        let last = try #require(ticks.last)
        #expect(ticks.first == 0 && last >= top * 0.999_999 && last < top * 1.6 && (4...9).contains(ticks.count))
        let labels = ticks.map { Chart.label($0, step: ticks[1]) }
        #expect(Set(labels).count == labels.count)
        #expect(zip(labels, ticks).allSatisfy { abs((Double($0) ?? -1) - $1) < 1e-9 * max(1, top) })
    }
}
