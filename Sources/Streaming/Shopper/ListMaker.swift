import Commerce
import Retrieval
import TwoTower

/// Makes the lists of shoppers, without what each has in the cart or has bought: the top K of the index by the dense score of the
/// state and the sparse one of the last events, or what trends for those of whom nothing usable is known, both by the rules.
struct ListMaker {
    private let model: Model
    private let settings: ShopperSettings
    private let configuration: String
    private let search: ListSearch
    private let trends: TrendingSearch
    private let sparse: SparseScores?
    private let reasons: Reasons
    private let probe: StageProbe

    init(
        model: Model, settings: ShopperSettings, configuration: String, probe: StageProbe, audit: RecallAudit?
    ) {
        self.model = model
        self.settings = settings
        self.configuration = configuration
        search = ListSearch(rules: settings.rules, size: settings.listSize, audit: audit)
        trends = TrendingSearch(rules: settings.rules, size: settings.listSize)
        sparse = SparseScores(model: model)
        reasons = Reasons(model: model, sparse: sparse)
        self.probe = probe
    }

    /// Whether the shopper has done something that a personal list can go by: an event on an item with a vector.
    func knows(_ record: ShopperRecord) -> Bool {
        record.rows.holdsKnown
            || record.entries.contains { $0.vector != nil || model.row(of: $0.item) != nil }
    }

    /// The personal lists at `entries`, in their order; each is of the state as it is now.
    func personal(
        at entries: [Entry<Event>], of states: [ShopperRecord], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> [RecommendationList] {
        guard !entries.isEmpty else { return [] }
        let last = entries.map { states[$0.state].rows.newestFirst }
        let found = try probe.time(.search) { () throws(StreamError) in try find(entries, states, last, snapshot) }
        return probe.time(.compose) {
            let reasons = reasons.reasons(
                of: found, ofLast: last, histories: entries.map { states[$0.state].entries }, in: snapshot.index)
            return entries.indices.map { place in
                let history = states[entries[place].state].entries
                let slots = found[place].indices.map { rank in
                    let slot = found[place][rank]
                    return RecommendationList.Slot(
                        rank: rank + 1, item: slot.found.item, score: slot.found.score, origin: slot.origin,
                        because: reasons[place][rank].map { history[history.count - 1 - $0].item })
                }
                return list(at: entries[place], slots, snapshot)
            }
        }
    }

    /// The list of what trends, at an entry whose event has been counted.
    func trending(
        at entry: Entry<Event>, of record: ShopperRecord, in market: String?, _ items: TrendingItems,
        _ snapshot: CatalogueSnapshot
    ) -> RecommendationList {
        probe.time(.compose) {
            let user = ListSearch.User(market: market, excluded: exclusions(of: record, snapshot.index))
            let slots = trends.list(of: user, by: items, in: snapshot.index).enumerated().map { rank, slot in
                RecommendationList.Slot(
                    rank: rank + 1, item: slot.found.item, score: slot.found.score, origin: slot.origin)
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

    private func find(
        _ entries: [Entry<Event>], _ states: [ShopperRecord], _ last: [[Int?]], _ snapshot: CatalogueSnapshot
    ) throws(StreamError) -> [[ListComposer.Slot]] {
        let (width, dimension) = (model.stateSize, model.dimension)
        let vectors = [Float](unsafeUninitializedCapacity: entries.count * dimension) { vectors, count in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: entries.count * width) { rows in
                guard let start = rows.baseAddress, let target = vectors.baseAddress else { return }
                for (row, entry) in entries.enumerated() {
                    states[entry.state].state.write(to: start + row * width, size: width)
                }
                model.readout(states: start, count: entries.count, into: target)
            }
            count = entries.count * dimension
        }
        sparse?.gather(ofLast: last)
        let users = entries.map { entry in
            ListSearch.User(
                market: states[entry.state].market(by: settings.marketAttribute),
                excluded: exclusions(of: states[entry.state], snapshot.index))
        }
        do throws(RetrievalError) {
            return try search.lists(
                of: users, queries: vectors, adding: sparse?.extras ?? ExtraScores(), in: snapshot.index)
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
        var exclusions = ItemExclusions(items)
        exclusions.older = record.purchases.older
        if exclusions.older != nil, !repurchase.isNever {
            // What is no longer known by name was bought before what is.
            let since = record.purchases.oldestTime.flatMap { oldest in
                record.latest.map { $0.rawValue - oldest.rawValue }
            }
            exclusions.spared = repurchase.comesBack(after: since)
        }
        return exclusions
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
