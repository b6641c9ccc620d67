import Observability
import Retrieval

/// Tells log and metrics how the items are indexed.
struct IndexWatch: Sendable {
    private let log: Logger
    private let lists: Gauge
    private let probes: Gauge
    private let recall: Gauge

    init(log: Logger, registry: MetricRegistry) {
        self.log = log
        lists = registry.gauge("breadcrumb_index_lists", "Lists of the index; 1 is a flat scan.")
        probes = registry.gauge("breadcrumb_index_probes", "Lists that a search looks into.")
        recall = registry.gauge(
            "breadcrumb_index_expected_recall",
            "Share of the exact best items that searches found when the index was tuned.")
    }

    /// Takes the plan in force; called on any thread.
    func take(_ plan: IndexPlan) {
        lists.set(Double(plan.partition.lists))
        probes.set(Double(plan.probes))
        recall.set(plan.recall)
        log.info(
            "index",
            [
                "version": LogValue(plan.index.version), "items": LogValue(plan.items),
                "lists": LogValue(plan.partition.lists), "probes": LogValue(plan.probes),
                "expected_recall": LogValue(plan.recall),
            ])
    }
}
