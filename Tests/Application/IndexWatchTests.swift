import Application
import Observability
import Retrieval
import Testing

/// What operators see of the index.
struct IndexWatchTests {
    private static func plan() -> IndexPlan {
        let vectors: [Float] = [0, 1, 0, -1, 1, 0, -1, 0]
        return IndexPlan(
            partition: .train(vectors.span, dimension: 2, lists: 2), breadth: .init(slack: 0.5),
            filteredBreadth: .init(slack: 1), recall: 0.97, looks: 1.5, items: 4)
    }

    @Test func auditsBelowTheTargetWarnUntilThereIsAnotherPlan() {
        let (registry, readiness) = (MetricRegistry(), Readiness([]))
        let watch = IndexWatch(log: Logger(level: .error), registry: registry, readiness: readiness, target: 0.98)
        func gauge() -> String? {
            registry.exposition().split(separator: "\n").first { $0.hasPrefix("breadcrumb_retrieval_recall ") }
                .map(String.init)
        }
        func page() -> String { String(decoding: readiness.report.json, as: UTF8.self) }
        watch.take(Self.plan())
        watch.audited(0.5, 49)
        #expect(!page().contains("warning"), "so few say nothing")
        watch.audited(0.975, 50)
        #expect(!page().contains("warning") && gauge() == "breadcrumb_retrieval_recall 0.975", "within chance")
        watch.audited(0.96, 51)
        #expect(page().contains("searches find 0.96 of the exact best, retrieval.recall asks for 0.98"))
        #expect(readiness.isReady)
        watch.take(Self.plan())
        #expect(!page().contains("warning"))
        watch.audited(0.9, 60)
        watch.take(.flat(dimension: 2, items: 4))
        #expect(!page().contains("warning") && gauge() == "breadcrumb_retrieval_recall 1")
    }
}
