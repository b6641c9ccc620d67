import Glibc
import Synchronization

/// Progress on standard error: drawn in place on a terminal, a line now and then elsewhere. Any thread may report.
///
/// `advance` reads the clock, so call it once a batch.
public final class ProgressBar: Sendable {
    private let descriptor: Int32
    private let started = ContinuousClock.now
    private let meter: Mutex<ProgressMeter>

    /// - Parameters:
    ///   - label: what is being done: "training".
    ///   - total: how many units there are; nil where nobody knows.
    ///   - unit: what is counted, in the plural: "events". Empty where only the share done says anything.
    public init(_ label: String, total: Int?, unit: String, descriptor: Int32 = STDERR_FILENO) {
        self.descriptor = descriptor
        var size = winsize()
        let terminal = isatty(descriptor) == 1
        let columns =
            terminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        meter = Mutex(ProgressMeter(label: label, total: total, unit: unit, columns: terminal ? columns : nil))
    }

    /// Reports `count` more units. `note` is shown behind the numbers until the next one: "loss 4.21".
    public func advance(by count: Int, note: String? = nil) {
        meter.withLock { meter in
            write(meter.advance(by: count, note: note, elapsed: started.duration(to: .now)))
        }
    }

    /// Shows the final state and ends the line.
    public func finish() {
        meter.withLock { meter in
            write(meter.finish(elapsed: started.duration(to: .now)))
        }
    }

    private func write(_ text: String?) {
        guard let text else { return }
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
