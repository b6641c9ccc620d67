import Application
import Observability
import Streaming

/// What the engine's metrics say at one moment, or between two.
struct StageReading {
    /// The parts that do not hold one another, in the order of a batch; `apply` is step, search and compose together.
    private static let parts: [StageProbe.Part] = [
        .decode, .load, .step, .search, .compose, .encode, .fence, .produce, .commit,
    ]

    private let durations: [Histogram.Snapshot]
    private let batches: Histogram.Snapshot
    let events: Int
    let lists: Int

    init(_ metrics: StreamMetrics, events: Int, lists: Int) {
        durations = StageReading.parts.compactMap { metrics.durations($0)?.snapshot() }
        batches = metrics.batches.snapshot()
        self.events = events
        self.lists = lists
    }

    /// What happened from `earlier` on, in `seconds`.
    func since(_ earlier: StageReading?, seconds: Double) -> StreamReport.Saturated {
        let events = events - (earlier?.events ?? 0)
        func difference(_ now: Histogram.Snapshot, _ before: Histogram.Snapshot?) -> Histogram.Snapshot {
            before.map(now.since) ?? now
        }
        let batches = difference(batches, earlier?.batches)
        let stages = StageReading.parts.indices.map { index in
            let spent = difference(durations[index], earlier?.durations[index])
            return StreamReport.StageCost(
                stage: StageReading.parts[index].rawValue, microsecondsPerEvent: spent.sum * 1e6 / Double(max(1, events)),
                calls: spent.count)
        }
        return StreamReport.Saturated(
            events: events, lists: lists - (earlier?.lists ?? 0), seconds: seconds,
            meanBatch: batches.sum / Double(max(1, batches.count)), stages: stages)
    }
}
