import Dispatch
import Observability
import Streaming

/// What is measured of the stream's engine, whatever its stage.
package struct StreamMetrics: Sendable {
    private let clock: @Sendable () -> Int64
    private let parts: [StageProbe.Part: Histogram]
    /// Records of each micro-batch.
    package let batches: Histogram

    /// Nanoseconds since the machine was started.
    package static let upTime: @Sendable () -> Int64 = { Int64(bitPattern: DispatchTime.now().uptimeNanoseconds) }

    /// Registers the metrics, or finds them where they are registered.
    ///
    /// - Parameter clock: what durations are measured by, in nanoseconds.
    package init(_ registry: MetricRegistry, clock: @escaping @Sendable () -> Int64 = upTime) {
        self.clock = clock
        parts = Dictionary(
            uniqueKeysWithValues: StageProbe.Part.allCases.map { part in
                (
                    part,
                    registry.histogram(
                        "breadcrumb_stage_duration_seconds", "How long a part of a micro-batch took.",
                        ["stage": part.rawValue])
                )
            })
        batches = registry.histogram("breadcrumb_batch_events", "Records of a micro-batch.", unit: .count)
    }

    /// Records what workers do.
    package var probe: StageProbe {
        StageProbe(
            clock: clock,
            took: { part, nanoseconds in parts[part]?.record(Int(nanoseconds)) }, sized: { batches.record($0) })
    }

    /// The durations of a part so far.
    package func durations(_ part: StageProbe.Part) -> Histogram? { parts[part] }
}
