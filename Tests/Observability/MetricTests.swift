import Foundation
import Observability
import Testing

@Suite struct MetricTests {
    @Test func concurrentAdditionsAreExact() async {
        let registry = MetricRegistry()
        let counter = registry.counter("c_total", "C.")
        let gauge = registry.gauge("g", "G.")
        let histogram = registry.histogram("h_seconds", "H.")
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for step in 0..<20_000 {
                        counter.add()
                        counter.add(2)
                        gauge.add(task < 2 ? 1 : -0.5)
                        histogram.record(step)
                    }
                }
            }
        }
        #expect(counter.value == 240_000)
        #expect(gauge.value == 20_000)
        #expect(histogram.snapshot().count == 80_000)
        #expect(histogram.snapshot().sum == 4 * 20_000 * 19_999 / 2 / 1e9)
    }

    @Test func aCounterNeverFalls() {
        let counter = MetricRegistry().counter("c_total", "C.")
        counter.add(3)
        counter.add(-2)
        #expect(counter.value == 3)
    }

    @Test func sameNameAndLabelsGiveTheSameHandle() {
        let registry = MetricRegistry()
        let first = registry.counter("c_total", "C.", ["a": "1", "b": "2"])
        #expect(first === registry.counter("c_total", "C.", ["b": "2", "a": "1"]))
        #expect(first !== registry.counter("c_total", "C.", ["a": "1", "b": "3"]))
        #expect(first !== registry.counter("c_total", "C."))
    }

    @Test func theExpositionIsPrometheusText() {
        let registry = MetricRegistry()
        registry.counter("events_total", "Events\nby \\ type.", ["type": "a\"b\\c\nd"]).add(5)
        registry.counter("events_total", "ignored", ["type": "view"]).add(1)
        registry.gauge("lag", "Lag.", ["partition": "3"]).set(12)
        registry.gauge("ratio", "Ratio.").set(0.25)
        registry.gauge("broken", "Broken.").set(.nan)
        registry.sampledGauge("size", "Size.") { 42 }
        #expect(
            registry.exposition() == #"""
                # HELP broken Broken.
                # TYPE broken gauge
                broken NaN
                # HELP events_total Events\nby \\ type.
                # TYPE events_total counter
                events_total{type="a\"b\\c\nd"} 5
                events_total{type="view"} 1
                # HELP lag Lag.
                # TYPE lag gauge
                lag{partition="3"} 12
                # HELP ratio Ratio.
                # TYPE ratio gauge
                ratio 0.25
                # HELP size Size.
                # TYPE size gauge
                size 42

                """#)
        registry.remove("lag", ["partition": "3"])
        #expect(!registry.exposition().contains("lag"))
    }

    @Test func aHistogramShowsItsLadder() throws {
        let registry = MetricRegistry()
        let sizes = registry.histogram("batch_events", "Events of a batch.", ["stage": "s"], unit: .count)
        for size in [0, 1, 2, 3, 256, 257, 5_000_000] { sizes.record(size) }
        let lines = registry.exposition().split(separator: "\n")
        for expected in [
            #"batch_events_bucket{stage="s",le="1"} 2"#, #"batch_events_bucket{stage="s",le="2"} 3"#,
            #"batch_events_bucket{stage="s",le="4"} 4"#, #"batch_events_bucket{stage="s",le="256"} 5"#,
            #"batch_events_bucket{stage="s",le="512"} 6"#, #"batch_events_bucket{stage="s",le="1048576"} 6"#,
            #"batch_events_bucket{stage="s",le="+Inf"} 7"#, #"batch_events_sum{stage="s"} 5000519"#,
            #"batch_events_count{stage="s"} 7"#,
        ] { #expect(lines.contains(Substring(expected)), "\(expected)") }
    }

    @Test func processMetricsAreOfThisProcess() throws {
        let registry = MetricRegistry()
        registry.registerProcessMetrics()
        let values = Dictionary(
            uniqueKeysWithValues: registry.exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
                line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), Double(parts[1]) ?? .nan)
            })
        #expect(try #require(values["process_cpu_seconds_total"]) > 0)
        #expect(try #require(values["process_resident_memory_bytes"]) > 1e6)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_max_fds"]) >= 3)
        let age = Date().timeIntervalSince1970 - (try #require(values["process_start_time_seconds"]))
        #expect(age > -2 && age < 86_400)
    }

    private static let promtool = "/usr/bin/promtool"

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: promtool),
            "promtool is not installed (Debian package prometheus)"))
    func promtoolAcceptsTheExposition() throws {
        let registry = MetricRegistry()
        registry.registerProcessMetrics()
        registry.counter("breadcrumb_events_total", "Events by type.", ["type": "b\"r\\o\nwse"]).add(5)
        registry.gauge("breadcrumb_lag_events", "Lag.", ["partition": "3"]).set(12)
        registry.histogram("breadcrumb_stage_seconds", "Durations.", ["stage": "step"]).record(.milliseconds(3))
        registry.histogram("breadcrumb_batch_events", "Batches.", unit: .count).record(17)
        let (status, output) = try Self.check(registry.exposition())
        #expect(status == 0 && output.isEmpty, "\(output)")

        // The check can fail: a counter without _total is against the conventions.
        #expect(try Self.check("# HELP events E.\n# TYPE events counter\nevents 1\n").status != 0)
    }

    private static func check(_ exposition: String) throws -> (status: Int32, output: String) {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: promtool)
        process.arguments = ["check", "metrics"]
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, output)
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(exposition.utf8))
        try input.fileHandleForWriting.close()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
