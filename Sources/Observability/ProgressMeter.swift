/// The arithmetic of a progress bar: told what happened and when, it says what to write.
package struct ProgressMeter {
    private let label: String
    private let total: Int?
    private let unit: String
    /// The terminal's width; nil where the output is no terminal.
    private let columns: Int?
    private var done = 0
    private var note = ""
    private var shownAt: Duration?
    private var shownDone = 0
    private var finished = false

    /// See `ProgressBar`; `columns` is nil where the output is no terminal.
    package init(label: String, total: Int?, unit: String, columns: Int?) {
        self.label = label
        self.total = total
        self.unit = unit
        self.columns = columns
    }

    /// What to write now, if anything: on a terminal at most every tenth of a second, elsewhere a line once 10 seconds
    /// and, where the total is known, 2% of it have passed.
    package mutating func advance(by count: Int, note: String?, elapsed: Duration) -> String? {
        done = done.addingReportingOverflow(max(0, count)).partialValue
        if let note { self.note = note }
        guard !finished, isDue(elapsed) else { return nil }
        shownAt = elapsed
        shownDone = done
        return columns == nil ? text(elapsed) + "\n" : "\r" + text(elapsed) + "\u{1B}[K"
    }

    /// The last line; nothing the second time.
    package mutating func finish(elapsed: Duration) -> String? {
        guard !finished else { return nil }
        finished = true
        return columns == nil ? text(elapsed) + "\n" : "\r" + text(elapsed) + "\u{1B}[K\n"
    }

    private func isDue(_ elapsed: Duration) -> Bool {
        guard columns == nil else { return shownAt.map { elapsed - $0 >= .milliseconds(100) } ?? true }
        let step = total.map { Double($0) / 50 } ?? 0
        return elapsed - (shownAt ?? .zero) >= .seconds(10) && Double(done - shownDone) >= step
    }

    /// `training  [#####.....]  52%  1,040 of 2,000 events  310/s  0:03 left  loss 4.21`, cut to the terminal's width.
    private func text(_ elapsed: Duration) -> String {
        let seconds = elapsed / .seconds(1)
        let rate = seconds > 0 ? Double(done) / seconds : 0
        var parts = [label]
        if let total {
            let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
            if columns != nil {
                let filled = Int(share * 20)
                parts.append(
                    "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled) + "]")
            }
            parts.append("\(Int(share * 100))%")
            if !unit.isEmpty { parts.append("\(Self.grouped(done)) of \(Self.grouped(total)) \(unit)") }
        } else {
            parts.append("\(Self.grouped(done)) \(unit)")
        }
        if !unit.isEmpty { parts.append(Self.rate(rate)) }
        if finished {
            parts.append("in \(Self.clock(seconds))")
        } else if let total, rate > 0 {
            parts.append("\(Self.clock(Double(max(0, total - done)) / rate)) left")
        }
        if !note.isEmpty { parts.append(note) }
        let line = parts.joined(separator: "  ")
        return columns.map { String(line.prefix(max(1, $0 - 1))) } ?? line
    }

    /// `1,234/s`, `2.5/s`
    private static func rate(_ rate: Double) -> String {
        rate >= 10 ? "\(grouped(Int(min(rate, 1e15))))/s" : "\(Double(Int(rate * 10)) / 10)/s"
    }

    /// `1,234,567`
    private static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: index)
            index -= 3
        }
        return String(digits)
    }

    /// `0:03`, `12:34`, `3:25:01`
    private static func clock(_ seconds: Double) -> String {
        let total = Int(min(max(seconds, 0), 1e9).rounded())
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = total / 60 % 60
        return total >= 3600 ? "\(total / 3600):\(two(minutes)):\(two(total % 60))" : "\(minutes):\(two(total % 60))"
    }
}
