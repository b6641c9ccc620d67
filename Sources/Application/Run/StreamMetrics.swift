import Dispatch
import Observability
import Streaming

/// What is measured of the stream's engine, whatever its stage.
package struct StreamMetrics: Sendable {
    private let parts: [StageProbe.Part: Histogram]
    /// Records of each micro-batch.
    package let batches: Histogram

    /// Registers the metrics, or finds them where they are registered.
    package init(_ registry: MetricRegistry) {
        parts = Dictionary(
            uniqueKeysWithValues: StageProbe.Part.allCases.map { part in
                (
                    part,
                    registry.histogram(
                        "breadcrumb_stage_duration_seconds", "How long a part of a micro-batch took.", ["stage": part.rawValue])
                )
            })
        batches = registry.histogram("breadcrumb_batch_events", "Records of a micro-batch.", unit: .count)
    }

    /// Records what workers do.
    package var probe: StageProbe { probe(clock: { Int64(bitPattern: DispatchTime.now().uptimeNanoseconds) }) }

    /// Records what workers do by another clock, in nanoseconds.
    package func probe(clock: @escaping @Sendable () -> Int64) -> StageProbe {
        StageProbe(
            clock: clock,
            took: { part, nanoseconds in parts[part]?.record(Int(nanoseconds)) }, sized: { batches.record($0) })
    }

    /// The durations of a part so far.
    package func durations(_ part: StageProbe.Part) -> Histogram? { parts[part] }
}
