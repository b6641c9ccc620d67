import Foundation

/// What all charts share. They are drawn 360 units wide, the width of a phone, so that text is of its size there.
package enum Chart {
    static let width = 360.0

    /// Round values from 0 that cover `top`, in four to eight steps.
    package static func ticks(to top: Double) -> [Double] {
        guard top.isFinite, top > 0 else { return [0, 1] }
        let raw = top / 4
        let power = pow(10, floor(log10(raw)))
        let step = ([1, 2, 2.5, 5].last { $0 * power <= raw } ?? 1) * power
        let count = Int((top / step).rounded(.up))
        return (0...max(1, count)).map { Double($0) * step }
    }

    /// A value at an axis: no more digits than its step has.
    package static func label(_ value: Double, step: Double) -> String {
        let digits =
            step >= 1 ? (step == step.rounded() ? 0 : 1) : Int((-log10(step)).rounded(.up)) + (hasHalf(step) ? 1 : 0)
        return String(format: "%.\(min(6, digits))f", value)
    }

    /// Whether a step below 1 is a quarter of a power of ten, which takes a digit more.
    private static func hasHalf(_ step: Double) -> Bool {
        let scaled = step * pow(10, (-log10(step)).rounded(.up))
        return abs(scaled - scaled.rounded()) > 1e-6
    }

    static func text(_ x: Double, _ y: Double, _ text: String, _ style: String = "") -> String {
        let attribute = style.isEmpty ? "" : " class=\"\(style)\""
        return "<text x=\"\(Markup.number(x))\" y=\"\(Markup.number(y))\"\(attribute)>\(Markup.escape(text))</text>\n"
    }

    static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> String {
        "<line x1=\"\(Markup.number(x1))\" y1=\"\(Markup.number(y1))\" x2=\"\(Markup.number(x2))\" "
            + "y2=\"\(Markup.number(y2))\" class=\"\(style)\"/>\n"
    }
}

/// Figures with their intervals, one bar below the other.
struct BarChart {
    struct Bar {
        var label: String
        /// Nil where there is nothing to measure.
        var estimate: Estimate?
        /// Stands behind the figure: `1.56×`.
        var note = ""
        /// Class of the colour.
        var style: String
    }

    var id: String
    var title: String
    var bars: [Bar]

    var svg: String {
        let (top, pitch, left, right) = (4.0, 36.0, 2.0, Chart.width - 8)
        // All are shares.
        let most = min(1, bars.compactMap(\.estimate).map { max($0.value, $0.high.isFinite ? $0.high : 0) }.max() ?? 0)
        let ticks = Chart.ticks(to: most)
        let end = ticks.last ?? 1
        func x(_ value: Double) -> Double { left + (right - left) * min(max(value, 0), end) / end }
        let bottom = top + pitch * Double(bars.count)
        var body = ""
        for tick in ticks {
            body += Chart.line(x(tick), top, x(tick), bottom, "grid")
            let style = tick == 0 ? "axis start" : tick == end ? "axis end" : "axis"
            body += Chart.text(x(tick), bottom + 13, Chart.label(tick, step: ticks[1]), style)
        }
        for (index, bar) in bars.enumerated() {
            let y = top + pitch * Double(index)
            body += Chart.text(left, y + 12, bar.label, "label")
            guard let estimate = bar.estimate else {
                body += Chart.text(right, y + 12, "no such query", "value")
                continue
            }
            let value = Figure.share(estimate.value) + (bar.note.isEmpty ? "" : "  " + bar.note)
            body += Chart.text(right, y + 12, value, "value")
            body +=
                "<rect x=\"\(Markup.number(left))\" y=\"\(Markup.number(y + 17))\" "
                + "width=\"\(Markup.number(x(estimate.value) - left))\" height=\"13\" class=\"bar \(bar.style)\"/>\n"
            guard estimate.low.isFinite, estimate.high.isFinite else { continue }
            body += Chart.line(x(estimate.low), y + 23.5, x(estimate.high), y + 23.5, "whisker")
            for end in [estimate.low, estimate.high] { body += Chart.line(x(end), y + 20, x(end), y + 27, "whisker") }
        }
        let described = bars.map { bar in
            bar.label + ": "
                + (bar.estimate.map { "\(Figure.share($0.value)), 95% interval \(Figure.interval($0))" }
                    ?? "no such query")
        }
        return Markup.svg(
            id, height: bottom + 18, title: title, description: described.joined(separator: "; ") + ".", body)
    }
}

/// Values along an axis, one line a method.
struct LineChart {
    struct Series {
        var label: String
        /// Runs of points that a line joins.
        var segments: [[(x: Double, y: Double)]]
        /// Class of the colour.
        var style: String
        /// Which of the shapes marks its points.
        var marker: Int

        var points: [(x: Double, y: Double)] { segments.flatMap { $0 } }
    }

    var id: String
    var title: String
    var xTitle: String
    /// Texts at whole x from 0; nil for an axis of numbers.
    var xLabels: [String]?
    var series: [Series]

    private let left = 40.0
    private let right = Chart.width - 16
    private let top = 8.0
    private let bottom = 190.0

    init(id: String, title: String, xTitle: String, xLabels: [String]? = nil, series: [Series]) {
        self.id = id
        self.title = title
        self.xTitle = xTitle
        self.xLabels = xLabels
        self.series = series
    }

    var svg: String {
        let yTicks = Chart.ticks(to: series.flatMap(\.points).map(\.y).max() ?? 0)
        let xTicks: [Double]
        let (from, to): (Double, Double)
        if let xLabels {
            xTicks = xLabels.indices.map(Double.init)
            (from, to) = (-0.4, Double(xLabels.count) - 0.6)
        } else {
            xTicks = Chart.ticks(to: series.flatMap(\.points).map(\.x).max() ?? 0)
            (from, to) = (0, xTicks.last ?? 1)
        }
        func x(_ value: Double) -> Double { left + (right - left) * (value - from) / (to - from) }
        func y(_ value: Double) -> Double { bottom - (bottom - top) * value / (yTicks.last ?? 1) }
        var body = ""
        for tick in yTicks {
            body += Chart.line(left, y(tick), right, y(tick), "grid")
            body += Chart.text(left - 5, y(tick) + 4, Chart.label(tick, step: yTicks[1]), "axis end")
        }
        for (index, tick) in xTicks.enumerated() {
            let text = xLabels?[index] ?? Chart.label(tick, step: xTicks[1])
            body += Chart.text(x(tick), bottom + 15, text, "axis")
        }
        body += Chart.text((left + right) / 2, bottom + 31, xTitle, "axis title")
        for line in series {
            for segment in line.segments {
                let places = segment.map { (x($0.x), y($0.y)) }
                let path = places.map { "\(Markup.number($0.0)),\(Markup.number($0.1))" }.joined(separator: " ")
                body += "<polyline points=\"\(path)\" class=\"line \(line.style)\"/>\n"
                body += places.map { Self.mark(line.marker, $0.0, $0.1, line.style) }.joined()
            }
        }
        let (legend, height) = legend(from: bottom + 44)
        return Markup.svg(id, height: height, title: title, description: description, body + legend)
    }

    private var description: String {
        series.map { line in
            let points = line.points.map { point in
                let place = xLabels.map { $0[Int(point.x)] } ?? String(format: "%g", (point.x * 10).rounded() / 10)
                return "\(place): \(Figure.share(point.y))"
            }
            return "\(line.label), by \(xTitle): \(points.joined(separator: ", "))"
        }.joined(separator: "; ") + "."
    }

    /// Two columns of marks and names.
    private func legend(from y: Double) -> (text: String, height: Double) {
        var text = ""
        for (index, line) in series.enumerated() {
            let (x, y) = (12 + Double(index % 2) * 175, y + Double(index / 2) * 18)
            text += Chart.line(x, y + 6, x + 22, y + 6, "line \(line.style)")
            text += Self.mark(line.marker, x + 11, y + 6, line.style)
            text += Chart.text(x + 29, y + 10, line.label, "legend")
        }
        return (text, y + Double((series.count + 1) / 2) * 18 + 4)
    }

    /// A point's shape, so that lines can be told apart without their colours.
    private static func mark(_ marker: Int, _ x: Double, _ y: Double, _ style: String) -> String {
        func polygon(_ corners: [(Double, Double)]) -> String {
            let points = corners.map { "\(Markup.number(x + $0.0)),\(Markup.number(y + $0.1))" }.joined(separator: " ")
            return "<polygon points=\"\(points)\" class=\"mark \(style)\"/>\n"
        }
        switch marker % 5 {
        case 0:
            return "<circle cx=\"\(Markup.number(x))\" cy=\"\(Markup.number(y))\" r=\"3.2\" class=\"mark \(style)\"/>\n"
        case 1: return polygon([(-3, -3), (3, -3), (3, 3), (-3, 3)])
        case 2: return polygon([(0, -4), (3.8, 3), (-3.8, 3)])
        case 3: return polygon([(0, -4.2), (4.2, 0), (0, 4.2), (-4.2, 0)])
        default: return polygon([(0, 4), (3.8, -3), (-3.8, -3)])
        }
    }
}
