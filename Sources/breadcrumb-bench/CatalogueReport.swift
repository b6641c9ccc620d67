import Evaluation
import Foundation

/// What `breadcrumb-bench catalogue` measured. Megabytes are of 10^6 bytes.
struct CatalogueReport: Codable {
    /// From nothing to the whole topic applied.
    struct Start: Codable {
        /// The checkpoint's vectors indexed and the plan made.
        var planSeconds: Double
        /// The same where a file had the plan.
        var keptSeconds: Double
        var decodeSeconds: Double
        var embedSeconds: Double
        var indexSeconds: Double
        var lists: Int
        var version: String
        /// Of the items' vectors alone, in fp32: the baseline of the two below.
        var vectorMegabytes: Double
        /// Vectors, codes, names and attributes.
        var indexMegabytes: Double
        /// What the process has grown by, its allocator's reserve included; the model is not in it.
        var residentMegabytes: Double
        /// The whole process, model and made-up catalogue included.
        var processMegabytes: Double

        var seconds: Double { planSeconds + decodeSeconds + embedSeconds + indexSeconds }
    }

    /// One kind of change, beside searches.
    struct Change: Codable {
        var kind: String
        /// Processor time of the calling thread for a change, with decoding: applied alone (the median), and in batches of 1,000.
        var aloneMicroseconds: Double
        var batchedMicroseconds: Double
        /// By the clock, from a record's decoding until the next snapshot has it: the longest of those applied alone.
        var longestMilliseconds: Double
        var searches: SearchTimes
    }

    /// Before and after many days.
    struct Year: Codable {
        var days: Int
        var changes: Int
        /// By the clock, decoding included.
        var microsecondsPerChange: Double
        var indexMegabytes: [Double]
        var residentMegabytes: [Double]
        var searches: [SearchTimes]
    }

    /// A new plan of a catalogue that has grown by half, beside single changes and searches.
    struct Exchange: Codable {
        var items: Int
        var lists: Int
        /// From the change that made the catalogue large enough until the new plan is in force, by the clock.
        var seconds: Double
        var changes: Int
        /// By the clock, from a record's decoding until the next snapshot has it: the longest.
        var longestMilliseconds: Double
        var searches: SearchTimes
    }

    var date: String
    var machine: Machine
    var items: Int
    var start: Start
    /// Searches while nothing changes: the baseline of the others.
    var quiet: SearchTimes
    var changes: [Change]
    var year: Year
    /// Nil of a catalogue that is too small for another plan.
    var exchange: Exchange?

    /// As lines of text.
    var text: String {
        var lines = [
            "\(date)  \(machine.processor), \(machine.cores) cores, \(machine.instructions), load \(machine.loadBefore)",
            "\(items) items, \(start.version), \(start.lists) lists", "",
            String(
                format:
                    "start: %.1f s: plan %.1f (from a file %.1f), decode %.1f, embed %.1f, index %.1f; %.0f records/s after the plan",
                start.seconds, start.planSeconds, start.keptSeconds, start.decodeSeconds, start.embedSeconds,
                start.indexSeconds,
                Double(items) / (start.seconds - start.planSeconds)),
            String(
                format: "memory: vectors %.0f MB, index %.0f MB (%.2f), resident %.0f MB more (%.2f), process %.0f MB",
                start.vectorMegabytes, start.indexMegabytes, start.indexMegabytes / start.vectorMegabytes,
                start.residentMegabytes, start.residentMegabytes / start.vectorMegabytes, start.processMegabytes), "",
            "change                      alone, µs  of 1,000, µs  longest, ms   searches  p50, µs  p99, µs  longest, ms  CPU, µs   ratio",
            Self.line("none", nil, quiet, quiet),
        ]
        lines += changes.map { Self.line($0.kind, $0, $0.searches, quiet) }
        lines += [
            "",
            String(
                format: "%d days, %d changes at %.1f µs: index %.0f to %.0f MB, process %.0f to %.0f MB", year.days,
                year.changes, year.microsecondsPerChange, year.indexMegabytes[0], year.indexMegabytes[1],
                year.residentMegabytes[0], year.residentMegabytes[1]),
            Self.line("before", nil, year.searches[0], year.searches[0]),
            Self.line("after", nil, year.searches[1], year.searches[0]),
        ]
        guard let exchange else { return lines.joined(separator: "\n") }
        lines += [
            "",
            String(
                format: "a plan of %d lists for %d items: in force after %.1f s, %d changes meanwhile, longest %.2f ms",
                exchange.lists, exchange.items, exchange.seconds, exchange.changes, exchange.longestMilliseconds),
            Self.line("meanwhile", nil, exchange.searches, quiet),
        ]
        return lines.joined(separator: "\n")
    }

    private static func line(
        _ name: String, _ change: Change?, _ times: SearchTimes, _ baseline: SearchTimes
    ) -> String {
        name.padding(toLength: 26, withPad: " ", startingAt: 0)
            + (change.map {
                String(
                    format: "%11.1f%14.1f%13.2f", $0.aloneMicroseconds, $0.batchedMicroseconds, $0.longestMilliseconds)
            } ?? String(repeating: " ", count: 38))
            + String(
                format: "%11d%9.1f%9.1f%13.2f%9.1f%8.2f", times.searches, times.medianMicroseconds,
                times.p99Microseconds, times.longestMilliseconds, times.processorMicroseconds,
                times.processorMicroseconds / baseline.processorMicroseconds)
    }
}
