import Foundation

/// How figures are written in tables and charts.
public enum Figure {
    /// `0.0765`
    public static func share(_ value: Double) -> String {
        value.isFinite ? String(format: "%.4f", value) : "–"
    }

    /// `0.0713–0.0812`
    public static func interval(_ estimate: Estimate) -> String {
        "\(share(estimate.low))–\(share(estimate.high))"
    }

    /// `2.31×`
    public static func ratio(_ value: Double) -> String {
        value.isFinite ? String(format: "%.2f×", value) : value > 0 ? "∞" : "–"
    }

    /// `2.31× (2.02–2.60)`
    public static func lift(_ lift: Lift) -> String {
        guard let ratio = lift.ratio else { return "–" }
        func end(_ value: Double) -> String { value.isFinite ? String(format: "%.2f", value) : value > 0 ? "∞" : "–" }
        return "\(Self.ratio(ratio)) (\(end(lift.low))–\(end(lift.high)))"
    }

    /// `12.3 s`, `4.1 min`
    public static func duration(_ seconds: Double) -> String {
        seconds < 120 ? String(format: "%.1f s", seconds) : String(format: "%.1f min", seconds / 60)
    }

    /// `1,234,567`
    public static func count(_ number: Int) -> String {
        var digits = Array(String(abs(number)))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return (number < 0 ? "-" : "") + String(digits)
    }
}
