import Connectors
import Observability
import Streaming

/// Tells log, metrics and readiness what the catalogue's feed does.
struct CatalogueWatch: Sendable {
    private let log: Logger
    private let readiness: Readiness
    private let applied: Counter
    private let refused: Counter

    init(log: Logger, registry: MetricRegistry, readiness: Readiness, catalogue: LiveCatalogue) {
        self.log = log
        self.readiness = readiness
        applied = registry.counter(
            "breadcrumb_catalogue_records_total", "Records of the catalogue topic.", ["outcome": "applied"])
        refused = registry.counter(
            "breadcrumb_catalogue_records_total", "Records of the catalogue topic.", ["outcome": "refused"])
        registry.sampledGauge(
            "breadcrumb_catalogue_items", "Items that searches look at, those out of stock among them."
        ) {
            Double(catalogue.snapshot.index.count)
        }
    }

    /// Takes an event of the feed; called on its threads.
    func take(_ event: CatalogueFeed.Event) {
        switch event {
        case .loading(let records, let total):
            readiness.set("catalogue", .waiting("\(records) of at most \(total) records read"))
            log.info("reading the catalogue", ["records": LogValue(records), "of": LogValue(total)])
        case .applied(let count):
            applied.add(count)
        case .refused(let partition, let offset, let reason):
            refused.add()
            log.warning(
                "catalogue record refused",
                ["partition": LogValue(partition), "offset": LogValue(offset), "reason": LogValue(reason)])
        case .readAnew(let error):
            log.warning(
                "the catalogue topic is read from its beginning; items it no longer holds stay until the next start",
                ["reason": LogValue(error.message)])
        case .partitions(let count):
            log.info("the catalogue topic has other partitions", ["partitions": LogValue(count)])
        case .fault(let error):
            readiness.set("catalogue", error.map { .waiting($0.message) } ?? .ready)
            if let error { log.warning("catalogue", ["reason": LogValue(error.message)]) }
        }
    }
}
