import LinearAlgebra
import Observability
import Retrieval

/// Tells log, metrics and readiness how the items are indexed, and what searches find of them.
package struct IndexWatch: Sendable {
    private let log: Logger
    private let readiness: Readiness
    private let target: Double
    private let found: Gauge
    private let audits: Counter
    private let lists: Gauge
    private let probes: Gauge
    private let recall: Gauge

    /// Fewer audits say nothing, and so much below the target may be chance.
    private static let leastAudits = 50
    private static let tolerance = 0.01

    /// - Parameter target: the recall that the index was asked for.
    package init(log: Logger, registry: MetricRegistry, readiness: Readiness, target: Double) {
        self.log = log
        self.readiness = readiness
        self.target = target
        found = Self.recall(registry)
        audits = registry.counter("breadcrumb_retrieval_audits_total", "Searches repeated with a look at every item.")
        lists = registry.gauge("breadcrumb_index_lists", "Lists of the index; 1 is a flat scan.")
        probes = registry.gauge(
            "breadcrumb_index_probes", "Lists that a search looked into on average when the index was tuned.")
        recall = registry.gauge(
            "breadcrumb_index_expected_recall",
            "Share of the exact best items that searches found when the index was tuned.")
    }

    /// What the audit found of the last searches.
    static func recall(_ registry: MetricRegistry) -> Gauge {
        registry.gauge(
            "breadcrumb_retrieval_recall",
            "Share of the exact best items that the last \(RecallAudit.window) audited searches found; 0 before the first, 1 of a flat scan, which is not audited."
        )
    }

    /// Takes the plan in force; called on any thread.
    package func take(_ plan: IndexPlan) {
        lists.set(Double(plan.partition.lists))
        probes.set(plan.looks)
        recall.set(plan.recall)
        if plan.index.isFlat { found.set(1) }
        // What was said of another plan no longer holds.
        readiness.set("retrieval", .ready)
        log.info(
            "index",
            [
                "version": LogValue(plan.index.version), "items": LogValue(plan.items),
                "lists": LogValue(plan.partition.lists), "regions": LogValue(plan.partition.regionCount),
                "lists_searched": LogValue(plan.looks),
                "instructions": LogValue("\(InstructionSet.current)"), "breadth": LogValue("\(plan.breadth)"),
                "filtered_breadth": LogValue("\(plan.filteredBreadth)"),
                "expected_recall": LogValue(plan.recall),
            ])
    }

    /// What the last audits found; called on the audit's thread.
    package func audited(_ recall: Double, _ count: Int) {
        audits.add()
        found.set(recall)
        guard count >= Self.leastAudits else { return }
        readiness.set(
            "retrieval",
            recall < target - Self.tolerance
                ? .warning("searches find \(recall) of the exact best, retrieval.recall asks for \(target)") : .ready)
    }
}
