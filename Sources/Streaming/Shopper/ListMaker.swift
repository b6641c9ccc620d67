import Commerce
import Retrieval
import TwoTower

/// Makes the lists of shoppers, without what each has bought: the top K of the index by the dense score of the state and the
/// sparse one of the last events, or what trends for those of whom nothing usable is known.
struct ListMaker {
    private let model: Model
    private let settings: ShopperSettings
    private let configuration: String
    private let scratch = InvertedScratch()
    private let sparse: SparseScores?
    private let probe: StageProbe
    private let audit: RecallAudit?

    init(
        model: Model, settings: ShopperSettings, configuration: String, probe: StageProbe, audit: RecallAudit?
    ) {
        self.model = model
        self.settings = settings
        self.configuration = configuration
        sparse = SparseScores(model: model)
        self.probe = probe
        self.audit = audit
    }

    /// Whether the shopper has done something that a personal list can go by: an event on an item with a vector.
    func knows(_ record: ShopperRecord) -> Bool {
        record.entries.contains { $0.vector != nil || model.row(of: $0.item) != nil }
    }

    /// The personal lists at `entries`, in their order; each is of the state as it is now.
    func personal(
        at entries: [Entry<Event>], of states: [ShopperRecord], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> [RecommendationList] {
        guard !entries.isEmpty else { return [] }
        let rows = try probe.time(.search) { () throws(StreamError) in
            try search(entries.map { states[$0.state] }, snapshot)
        }
        return probe.time(.compose) {
            zip(entries, rows).enumerated().map { place, found in
                let (entry, row) = found
                let slots = row.enumerated().map { rank, item in
                    RecommendationList.Slot(
                        rank: rank + 1, item: item.item, score: item.score, origin: .personal,
                        because: sparse?.reason(of: item, for: place, states[entry.state]))
                }
                return list(at: entry, slots, snapshot)
            }
        }
    }

    /// The list of what trends, at an entry whose event has been counted.
    func trending(
        at entry: Entry<Event>, of record: ShopperRecord, in market: String?, _ items: TrendingItems,
        _ snapshot: CatalogueSnapshot
    ) -> RecommendationList {
        probe.time(.compose) {
            let excluded = Set(record.purchased)
            let top = items.top(settings.listSize, in: market) { item in
                snapshot.index.contains(item) && !excluded.contains(item)
            }
            let slots = top.enumerated().map { rank, found in
                RecommendationList.Slot(
                    rank: rank + 1, item: found.item, score: Float(found.count), origin: .trending)
            }
            return list(at: entry, slots, snapshot)
        }
    }

    /// The lists as records to produce.
    func records(_ lists: [RecommendationList]) throws(StreamError) -> [OutputRecord] {
        try probe.time(.compose) { () throws(StreamError) in
            var records: [OutputRecord] = []
            records.reserveCapacity(lists.count)
            for list in lists { records.append(try record(list)) }
            return records
        }
    }

    private func record(_ list: RecommendationList) throws(StreamError) -> OutputRecord {
        do {
            return OutputRecord(destination: .lists, key: list.key, value: try list.encoded())
        } catch {
            let source = list.lineage.source
            throw StreamError(
                .permanent,
                "the list of \(list.shopper.tagged) at partition \(source.partition), offset \(source.offset) cannot be written: \(error)"
            )
        }
    }

    private func search(
        _ records: [ShopperRecord], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> [[ScoredItem]] {
        let (width, dimension) = (model.stateSize, model.dimension)
        let vectors = [Float](unsafeUninitializedCapacity: records.count * dimension) { vectors, count in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: records.count * width) { states in
                guard let start = states.baseAddress, let target = vectors.baseAddress else { return }
                for (row, record) in records.enumerated() {
                    record.state.write(to: start + row * width, size: width)
                }
                model.readout(states: start, count: records.count, into: target)
            }
            count = records.count * dimension
        }
        sparse?.gather(of: records)
        do throws(RetrievalError) {
            let extras = sparse?.extras ?? ExtraScores()
            let lists = try snapshot.index.search(
                queries: vectors.span, k: settings.listSize, excluding: records.map(\.purchased), adding: extras,
                scratch: scratch)
            if let audit, audit.isDue(after: lists.count) {
                let last = lists.count - 1
                audit.take(
                    .init(
                        index: snapshot.index, query: Array(vectors.suffix(dimension)), k: settings.listSize,
                        excluded: records[last].purchased, extras: extras.user(last), found: lists[last].map(\.item)))
            }
            return lists
        } catch {
            throw StreamError(.corrupt, "a shopper's state gives no valid vector: \(error)")
        }
    }

    private func list(
        at entry: Entry<Event>, _ slots: [RecommendationList.Slot], _ snapshot: CatalogueSnapshot
    ) -> RecommendationList {
        RecommendationList(
            shopper: entry.input.shopper, slots: slots, shortfall: max(0, settings.listSize - slots.count),
            lineage: .init(
                trigger: .event(id: entry.input.eventID),
                source: .init(
                    topic: settings.topic, partition: entry.partition.rawValue, offset: entry.offset.rawValue),
                modelVersion: model.version, indexVersion: snapshot.index.version, configuration: configuration,
                catalogue: snapshot.offsets),
            eventTime: entry.input.time)
    }
}
