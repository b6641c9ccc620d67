import Observability

/// Progress bars of steps that follow one another: each step has its own, and the next one's beginning ends it.
///
/// Not for use by several threads.
struct StepBars {
    private var current: (label: String, bar: ProgressBar, done: Int)?

    /// A step has come to `done` of `total` units.
    ///
    /// - Parameter unit: empty where only the share says anything.
    mutating func show(_ label: String, _ done: Int, of total: Int, unit: String, note: String) {
        if current?.label != label { finish() }
        var step = current ?? (label, ProgressBar(label, total: total, unit: unit), 0)
        step.bar.advance(by: done - step.done, note: note)
        step.done = max(done, step.done)
        current = step
    }

    /// Shows a file's reading, by bytes.
    mutating func show(_ progress: InputTable.Progress, doing: String, note: String? = nil) {
        show(
            "\(doing) \(progress.path)", progress.bytes, of: progress.size, unit: "bytes",
            note: note ?? "\(progress.rows) rows")
    }

    /// Ends the last step's bar.
    mutating func finish() {
        current?.bar.finish()
        current = nil
    }
}
