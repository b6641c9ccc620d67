import Synchronization

/// The metrics of a process, by name and labels.
///
/// Registering is for start-up and for rare moments (a partition arrives); a handle is kept and recorded into. The same
/// name with the same labels gives the same handle. Names, kinds and units are the program's own: using one name for two kinds is a fault of
/// the program and stops it.
public final class MetricRegistry: Sendable {
    private let families = Mutex<[String: Family]>([:])

    /// An empty registry.
    public init() {}

    /// A count that only grows; by convention its name ends in `_total`.
    public func counter(_ name: String, _ help: String, _ labels: Labels = [:]) -> Counter {
        guard case .counter(let counter) = series(name, help, labels, .counter, { .counter(Counter()) }) else {
            preconditionFailure("\(name) is registered twice, once as a sampled counter")
        }
        return counter
    }

    /// A value that goes up and down; its name ends in its unit.
    public func gauge(_ name: String, _ help: String, _ labels: Labels = [:]) -> Gauge {
        guard case .gauge(let gauge) = series(name, help, labels, .gauge, { .gauge(Gauge()) }) else {
            preconditionFailure("\(name) is registered twice, once as a sampled gauge")
        }
        return gauge
    }

    /// A distribution; of durations its name ends in `_seconds`.
    public func histogram(
        _ name: String, _ help: String, _ labels: Labels = [:], unit: Histogram.Unit = .seconds
    ) -> Histogram {
        guard
            case .histogram(let histogram) = series(
                name, help, labels, .histogram, { .histogram(Histogram(unit: unit)) }),
            histogram.unit == unit
        else { preconditionFailure("\(name) is registered twice, with two units") }
        return histogram
    }

    /// A gauge that is read when somebody looks; `read` is called on the thread that serves `/metrics`. The first one counts.
    public func sampledGauge(
        _ name: String, _ help: String, _ labels: Labels = [:], read: @escaping @Sendable () -> Double
    ) {
        _ = series(name, help, labels, .gauge) { .sampled(read) }
    }

    /// A counter that is kept elsewhere and read when somebody looks, as `sampledGauge`.
    public func sampledCounter(
        _ name: String, _ help: String, _ labels: Labels = [:], read: @escaping @Sendable () -> Double
    ) {
        _ = series(name, help, labels, .counter) { .sampled(read) }
    }

    /// Forgets a series, such as the lag of a partition that another process owns now. Handles to it still work, unseen.
    public func remove(_ name: String, _ labels: Labels) {
        families.withLock { families in
            families[name]?.series[labels] = nil
            if families[name]?.series.isEmpty == true { families[name] = nil }
        }
    }

    /// The families by name, for the exposition.
    func snapshot() -> [Family] {
        families.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    private func series(
        _ name: String, _ help: String, _ labels: Labels, _ kind: Kind, _ make: () -> Series
    ) -> Series {
        precondition(MetricName.isValid(name), "\(name): not a Prometheus metric name")
        return families.withLock { families in
            let family = families[name] ?? Family(name: name, help: help, kind: kind)
            precondition(family.kind == kind, "\(name) is registered twice, as \(family.kind) and as \(kind)")
            if let known = family.series[labels] { return known }
            let made = make()
            families[name, default: family].series[labels] = made
            return made
        }
    }
}

extension MetricRegistry {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    enum Series: Sendable {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
        case sampled(@Sendable () -> Double)
    }

    /// The series of one name.
    struct Family: Sendable {
        let name: String
        let help: String
        let kind: Kind
        var series: [Labels: Series] = [:]
    }
}
