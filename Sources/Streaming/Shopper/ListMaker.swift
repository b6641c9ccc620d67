import Commerce
import Retrieval
import TwoTower

/// Makes the lists of shoppers: the top K of the index by the dense score of the state and the sparse one of the last
/// events, without what each has in the cart or has bought.
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

    /// The records of the lists at `entries`, in their order; each is of the state as it is now.
    func make(
        for entries: [Entry<Event>], of states: [ShopperRecord], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> [OutputRecord] {
        guard !entries.isEmpty else { return [] }
        let rows = try probe.time(.search) { () throws(StreamError) in
            try search(entries.map { states[$0.state] }, snapshot)
        }
        return try probe.time(.compose) { () throws(StreamError) in
            var records: [OutputRecord] = []
            records.reserveCapacity(entries.count)
            for (place, (entry, row)) in zip(entries, rows).enumerated() {
                let reasons = row.map { sparse?.reason(of: $0, for: place, states[entry.state]) }
                records.append(try record(entry, row, reasons, snapshot))
            }
            return records
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
        let excluded = records.map { $0.cart.isEmpty ? $0.purchases.items : $0.cart + $0.purchases.items }
        sparse?.gather(of: records)
        do throws(RetrievalError) {
            let extras = sparse?.extras ?? ExtraScores()
            let lists = try snapshot.index.search(
                queries: vectors.span, k: settings.listSize, excluding: excluded, adding: extras,
                scratch: scratch)
            if let audit, audit.isDue(after: lists.count) {
                let last = lists.count - 1
                audit.take(
                    .init(
                        index: snapshot.index, query: Array(vectors.suffix(dimension)), k: settings.listSize,
                        filter: nil, excluded: excluded[last], extras: extras.user(last), found: lists[last].map(\.item)))
            }
            return lists
        } catch {
            throw StreamError(.corrupt, "a shopper's state gives no valid vector: \(error)")
        }
    }

    private func record(
        _ entry: Entry<Event>, _ items: [ScoredItem], _ reasons: [ItemID?], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> OutputRecord {
        let list = RecommendationList(
            shopper: entry.input.shopper,
            slots: items.enumerated().map { place, found in
                .init(
                    rank: place + 1, item: found.item, score: found.score, origin: .personal,
                    because: reasons[place])
            },
            lineage: .init(
                trigger: .event(id: entry.input.eventID),
                source: .init(
                    topic: settings.topic, partition: entry.partition.rawValue, offset: entry.offset.rawValue),
                modelVersion: model.version, indexVersion: snapshot.index.version, configuration: configuration,
                catalogue: snapshot.offsets),
            eventTime: entry.input.time)
        do {
            return OutputRecord(destination: .lists, key: list.key, value: try list.encoded())
        } catch {
            throw StreamError(
                .permanent,
                "the list of \(entry.input.shopper.tagged) at partition \(entry.partition), offset \(entry.offset) cannot be written: \(error)"
            )
        }
    }
}
