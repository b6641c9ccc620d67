import Commerce
import Retrieval
import TwoTower

/// Makes the lists of shoppers: the top K of the index by the dense score of the state and the sparse one of the last
/// events, by the rules, without what each has in the cart or has bought.
struct ListMaker {
    private let model: Model
    private let settings: ShopperSettings
    private let configuration: String
    private let search: ListSearch
    private let sparse: SparseScores?
    private let probe: StageProbe
    /// What may be bought again at all.
    private let comesBack: ItemCondition

    init(
        model: Model, settings: ShopperSettings, configuration: String, probe: StageProbe, audit: RecallAudit?
    ) {
        self.model = model
        self.settings = settings
        self.configuration = configuration
        search = ListSearch(rules: settings.rules, size: settings.listSize, audit: audit)
        sparse = SparseScores(model: model)
        self.probe = probe
        comesBack = settings.rules.repurchase.comesBack
    }

    /// The records of the lists at `entries`, in their order; each is of the state as it is now.
    func make(
        for entries: [Entry<Event>], of states: [ShopperRecord], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> [OutputRecord] {
        guard !entries.isEmpty else { return [] }
        let lists = try probe.time(.search) { () throws(StreamError) in
            try find(entries.map { states[$0.state] }, snapshot)
        }
        return try probe.time(.compose) { () throws(StreamError) in
            var records: [OutputRecord] = []
            records.reserveCapacity(entries.count)
            for (place, (entry, list)) in zip(entries, lists).enumerated() {
                let reasons = list.map { sparse?.reason(of: $0.found, for: place, states[entry.state]) }
                records.append(try record(entry, list, reasons, snapshot))
            }
            return records
        }
    }

    private func find(
        _ records: [ShopperRecord], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> [[ListComposer.Slot]] {
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
        let users = records.enumerated().map { place, record in
            ListSearch.User(
                query: vectors[place * dimension..<(place + 1) * dimension], market: nil,
                excluded: exclusions(of: record, snapshot.index))
        }
        do throws(RetrievalError) {
            return try search.lists(of: users, adding: sparse?.extras ?? ExtraScores(), in: snapshot.index)
        } catch {
            throw StreamError(.corrupt, "a shopper's state gives no valid vector: \(error)")
        }
    }

    /// What a shopper's list must not have: the cart, and what was bought and may not come back yet, by the time of the
    /// latest event.
    private func exclusions(of record: ShopperRecord, _ index: InvertedIndex) -> ItemExclusions {
        let repurchase = settings.rules.repurchase
        var items = record.purchases.items
        if !repurchase.isNever, let now = record.latest {
            items = record.purchases.recent.filter { purchase in
                !repurchase.mayBeBoughtAgain(
                    lastPurchase: purchase.time, now: now,
                    profile: index.attributes(of: purchase.item)?.profile ?? .init())
            }.map(\.item)
        }
        if settings.rules.excludesCart, !record.cart.isEmpty { items += record.cart }
        return ItemExclusions(items, older: record.purchases.older, spared: comesBack)
    }

    private func record(
        _ entry: Entry<Event>, _ list: [ListComposer.Slot], _ reasons: [ItemID?], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> OutputRecord {
        let list = RecommendationList(
            shopper: entry.input.shopper,
            slots: list.enumerated().map { place, slot in
                .init(
                    rank: place + 1, item: slot.found.item, score: slot.found.score, origin: slot.origin,
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
