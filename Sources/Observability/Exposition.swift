extension MetricRegistry {
    /// The content type of `exposition()`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics in Prometheus' text format 0.0.4, ordered by name and labels.
    public func exposition() -> String {
        var text = ""
        for family in snapshot() {
            text +=
                "# HELP \(family.name) \(Self.escapedHelp(family.help))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            let series = family.series.map { (labels: $0.key, text: $0.key.exposition(), series: $0.value) }
            for (labels, labelText, series) in series.sorted(by: { $0.text < $1.text }) {
                switch series {
                case .counter(let counter): text += "\(family.name)\(labelText) \(counter.value)\n"
                case .gauge(let gauge): text += "\(family.name)\(labelText) \(Self.number(gauge.value))\n"
                case .sampled(let read): text += "\(family.name)\(labelText) \(Self.number(read()))\n"
                case .histogram(let histogram): text += Self.lines(family.name, labels, histogram.snapshot())
                }
            }
        }
        return text
    }

    private static func lines(_ name: String, _ labels: Labels, _ histogram: Histogram.Snapshot) -> String {
        var text = ""
        for (bound, count) in histogram.ladder {
            text += "\(name)_bucket\(labels.exposition(extra: ("le", number(bound)))) \(count)\n"
        }
        text += "\(name)_bucket\(labels.exposition(extra: ("le", "+Inf"))) \(histogram.count)\n"
        text += "\(name)_sum\(labels.exposition()) \(number(histogram.sum))\n"
        text += "\(name)_count\(labels.exposition()) \(histogram.count)\n"
        return text
    }

    /// Shortest form that reads back as the same number; whole numbers without a fraction.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map { String($0) } ?? String(value)
    }

    private static func escapedHelp(_ help: String) -> String {
        var result = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
